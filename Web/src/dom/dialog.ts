import { words } from "../words.ts";
import { button, failureBox, failureOf } from "./controls.ts";
import { freshID, h } from "./h.ts";

interface DialogWish {
  title: string;
  body: Node[];
  submit: string;
  weight?: "main" | "danger";
  icon?: Parameters<typeof button>[1]["icon"];
  /** Does it; what it throws is shown in the dialog, which stays open. */
  action: () => Promise<void>;
}

/** A modal dialog. The browser keeps the focus in it, closes it with Escape, and gives the focus back. */
export function showDialog(wish: DialogWish): HTMLDialogElement {
  const id = freshID();
  const trouble = h("div", {});
  const submit = button(wish.submit, {
    weight: wish.weight ?? "main",
    type: "submit",
    ...(wish.icon && { icon: wish.icon }),
  });
  const form: HTMLFormElement = h(
    "form",
    {
      onsubmit: async (event: SubmitEvent) => {
        event.preventDefault();
        trouble.replaceChildren();
        if (submit.ariaBusy === "true") return;
        submit.ariaBusy = "true";
        try {
          await wish.action();
          dialog.close();
        } catch (error) {
          trouble.replaceChildren(failureBox(failureOf(error)));
        } finally {
          submit.ariaBusy = null;
        }
      },
    },
    h("h2", { id }, wish.title),
    h("div", { class: "dialog-body" }, ...wish.body, trouble),
    h("div", { class: "dialog-foot" }, button(words.actions.cancel, {}, () => dialog.close()), submit),
  );
  const dialog: HTMLDialogElement = h("dialog", { "aria-labelledby": id, onclose: () => dialog.remove() }, form);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something is lost, and says what. */
export function confirm(title: string, loss: string, submit: string, action: () => Promise<void>): HTMLDialogElement {
  return showDialog({ title, body: [h("p", {}, loss)], submit, weight: "danger", action });
}
