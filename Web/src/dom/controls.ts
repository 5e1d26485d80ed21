import { APIError } from "../api/http.ts";
import type { Failure } from "../api/types.ts";
import { words } from "../words.ts";
import { freshID, h } from "./h.ts";
import { icon, type IconName } from "./icon.ts";

type Weight = "plain" | "main" | "danger" | "quiet";

interface ButtonWish {
  icon?: IconName;
  weight?: Weight;
  /** For a button that shows a picture alone. */
  label?: string;
  title?: string;
  type?: "button" | "submit";
  disabled?: boolean;
}

/** A button that cannot be pressed twice while its work goes on, and says what went wrong. */
export function button(text: string, wish: ButtonWish, action?: () => unknown): HTMLButtonElement {
  const element = h(
    "button",
    {
      type: wish.type ?? "button",
      class: `button ${wish.weight ?? "plain"}${text === "" ? " bare" : ""}`,
      "aria-label": wish.label,
      title: wish.title ?? (text === "" ? wish.label : undefined),
      disabled: wish.disabled ?? false,
    },
    wish.icon && icon(wish.icon),
    text,
  );
  if (action) {
    // A button that is disabled loses the focus; this one only does not listen for a while.
    element.addEventListener("click", async () => {
      if (element.ariaBusy === "true") return;
      element.ariaBusy = "true";
      try {
        await action();
      } catch (error) {
        notify(failureOf(error));
      } finally {
        element.ariaBusy = null;
      }
    });
  }
  return element;
}

/** What any thrown thing says to people. */
export function failureOf(error: unknown): Failure {
  if (error instanceof APIError) return error.failure;
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

/** A failure in a view, with what to do about it. */
export function failureBox(failure: Failure, again?: () => unknown): HTMLElement {
  return h(
    "div",
    { class: "box bad", role: "alert" },
    h("div", { class: "box-head" }, icon("alert"), h("strong", {}, failure.message)),
    failure.cause && h("p", { class: "dim" }, failure.cause),
    failure.remedy && h("p", {}, words.failures.remedy(failure.remedy)),
    again && button(words.actions.tryAgain, { icon: "again" }, again),
  );
}

export function emptyBox(title: string, text: string, ...more: Node[]): HTMLElement {
  return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, text), ...more);
}

export function loading(): HTMLElement {
  return h(
    "div",
    { class: "loading", role: "status" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    words.loading,
  );
}

/** A labelled field. */
export function field(label: string, control: HTMLElement, hint?: string): HTMLElement {
  const id = control.id || freshID();
  control.id = id;
  const note = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : undefined;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, note);
}

export function select(
  options: { value: string; text: string; disabled?: boolean }[],
  value: string,
): HTMLSelectElement {
  const element = h(
    "select",
    {},
    options.map((one) => h("option", { value: one.value, disabled: one.disabled ?? false }, one.text)),
  );
  element.value = value;
  return element;
}

/** Copies a text, and says so where it was pressed. */
export function copyButton(text: () => string): HTMLButtonElement {
  const element = button("", { icon: "copy", weight: "quiet", label: words.actions.copy }, async () => {
    await navigator.clipboard.writeText(text());
    element.replaceChildren(icon("check"));
    setTimeout(() => element.replaceChildren(icon("copy")), 1200);
  });
  return element;
}

const notices = h("div", { class: "notices", role: "status", "aria-live": "polite" });

/** Tells something in passing. */
export function notify(failure: Failure | string): void {
  if (!notices.isConnected) document.body.append(notices);
  const isBad = typeof failure !== "string";
  const note: HTMLElement = h(
    "div",
    { class: `notice ${isBad ? "bad" : ""}` },
    h(
      "div",
      {},
      isBad ? failure.message : failure,
      isBad && failure.remedy && h("p", { class: "dim" }, failure.remedy),
    ),
    button("", { icon: "close", weight: "quiet", label: words.actions.dismiss }, () => note.remove()),
  );
  notices.append(note);
  while (notices.children.length > 4) notices.firstElementChild?.remove();
  setTimeout(() => note.remove(), isBad ? 12_000 : 4000);
}
