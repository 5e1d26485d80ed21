import { calls } from "../api/calls.ts";
import type { Path, Session } from "../api/types.ts";
import { button, failureBox, failureOf, loading, notify } from "../dom/controls.ts";
import { confirm } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { icon } from "../dom/icon.ts";
import { sizeText } from "../time.ts";
import { words } from "../words.ts";
import { downloadLink } from "./file-rows.ts";
import type { Context } from "./view.ts";

/** More text than this is not for editing in a page. */
const mostText = 1 << 20;

/** One file: its text, which can be changed, or a way to download it. */
export function fileView(context: Context, session: Session, path: Path, name: string, back: string): HTMLElement {
  const body = h("div", { class: "file-body" }, loading());
  let saved = "";
  const editor = h("textarea", {
    class: "editor",
    spellcheck: "false",
    "aria-label": words.files.content(name),
    wrap: "off",
  });
  const save = button(words.files.save, { weight: "main", disabled: true });
  const store = async () => {
    const text = editor.value;
    save.disabled = true;
    try {
      await calls.write(session.id, path, text);
      saved = text;
      notify(words.files.saved);
    } catch (error) {
      notify(failureOf(error));
    }
    save.disabled = editor.value === saved;
  };
  save.addEventListener("click", store);
  editor.addEventListener("input", () => save.disabled = editor.value === saved);
  editor.addEventListener("keydown", (event) => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void store();
    }
  });
  const isChanged = () => !editor.readOnly && editor.value !== saved;
  const warn = (event: BeforeUnloadEvent) => isChanged() && event.preventDefault();
  globalThis.addEventListener("beforeunload", warn);
  context.signal.addEventListener("abort", () => globalThis.removeEventListener("beforeunload", warn));

  const look = async () => {
    try {
      const bytes = new Uint8Array(await (await calls.read(session.id, path, mostText + 1)).arrayBuffer());
      if (context.signal.aborted) return;
      if (bytes.length > mostText) {
        return body.replaceChildren(h("p", { class: "dim" }, words.files.tooLarge(sizeText(bytes.length))));
      }
      try {
        saved = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        return body.replaceChildren(h("p", { class: "dim" }, words.files.binary));
      }
      if (bytes.includes(0)) return body.replaceChildren(h("p", { class: "dim" }, words.files.binary));
      // A text area changes the ends of lines; what it cannot keep it must not write back.
      editor.readOnly = saved.includes("\r") || session.state === "closed";
      editor.value = saved;
      body.replaceChildren(editor);
    } catch (error) {
      if (!context.signal.aborted) body.replaceChildren(failureBox(failureOf(error), look));
    }
  };
  void look();
  return h(
    "div",
    { class: "files" },
    h(
      "div",
      { class: "files-bar" },
      h("a", {
        class: "button quiet bare",
        href: back,
        "aria-label": words.files.up,
        title: words.files.up,
        onclick: (event: MouseEvent) => {
          if (!isChanged()) return;
          event.preventDefault();
          confirm(words.files.unsaved, words.files.unsavedLoss, words.files.leave, () => {
            saved = editor.value;
            location.hash = back;
            return Promise.resolve();
          });
        },
      }, icon("up")),
      h("h2", { class: "mono cut" }, name),
      h("div", { class: "grow" }),
      downloadLink(session, path, name),
      save,
    ),
    body,
  );
}
