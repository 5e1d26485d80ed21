import { calls } from "../api/calls.ts";
import { joined, pathText } from "../api/path.ts";
import type { FileEntry, Path, Session } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, field, loading, notify } from "../dom/controls.ts";
import { showDialog } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { link } from "../router.ts";
import { words } from "../words.ts";
import { fileRows } from "./file-rows.ts";
import { fileView } from "./file.ts";
import type { Context } from "./view.ts";

/** A path as the place keeps it: bytes that are no text behind a mark that no path begins with. */
function encoded(path: Path): string {
  return typeof path === "string" ? path : `\u0000${path.base64}`;
}
function decoded(text: string): Path {
  return text.startsWith("\u0000") ? { base64: text.slice(1) } : text;
}

/** The files of a session's sandbox. */
export function filesView(context: Context, session: Session, query: URLSearchParams): HTMLElement {
  const directory = decoded(query.get("path") ?? "");
  const opened = query.get("file");
  const place = (path: Path, file?: Path) =>
    link(["sessions", session.id, "files"], {
      path: encoded(path),
      ...(file === undefined ? {} : { file: encoded(file) }),
    });
  if (opened !== null) {
    return fileView(context, session, joined(directory, decoded(opened)), pathText(decoded(opened)), place(directory));
  }
  const body = h("div", { class: "file-list" }, loading());
  const look = async () => {
    try {
      const { entries, more } = await calls.files(session.id, encoded(directory) === "" ? "." : directory);
      if (context.signal.aborted) return;
      body.replaceChildren(
        entries.length === 0
          ? emptyBox(words.files.empty, words.files.emptyText)
          : table(session, directory, entries, place, look),
        ...(more ? [h("p", { class: "hint" }, words.files.more(entries.length))] : []),
      );
    } catch (error) {
      if (!context.signal.aborted) body.replaceChildren(failureBox(failureOf(error), look));
    }
  };
  const upload = async (files: FileList | File[]) => {
    const all = [...files];
    for (const file of all) await calls.write(session.id, joined(directory, file.name), file);
    notify(words.files.uploaded(all.length));
    await look();
  };
  const chooser = h("input", {
    type: "file",
    multiple: true,
    class: "hidden-file",
    tabindex: -1,
    "aria-label": words.files.uploadHere,
    onchange: async () => {
      try {
        if (chooser.files?.length) await upload(chooser.files);
      } catch (error) {
        notify(failureOf(error));
      }
      chooser.value = "";
    },
  });
  const element = h(
    "div",
    { class: "files" },
    h(
      "div",
      { class: "files-bar" },
      crumbs(directory, place),
      h("div", { class: "grow" }),
      button(words.files.newFile, { icon: "file" }, () =>
        nameDialog(words.files.newFile, async (name) => {
          await calls.write(session.id, joined(directory, name), "");
          location.hash = link(["sessions", session.id, "files"], { path: encoded(directory), file: name });
        })),
      button(words.files.newFolder, { icon: "folder" }, () =>
        nameDialog(words.files.newFolder, async (name) => {
          await calls.makeDirectory(session.id, joined(directory, name));
          await look();
        })),
      button(words.files.upload, { icon: "upload" }, () => chooser.click()),
      chooser,
    ),
    body,
    h("div", { class: "drop-hint", "aria-hidden": "true" }, words.files.drop),
  );
  acceptDrops(element, upload);
  void look();
  return element;
}

function acceptDrops(element: HTMLElement, upload: (files: FileList) => Promise<void>): void {
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", (event) => {
    if (event.target === element) element.classList.remove("dropping");
  });
  element.addEventListener("drop", async (event) => {
    event.preventDefault();
    element.classList.remove("dropping");
    try {
      if (event.dataTransfer?.files.length) await upload(event.dataTransfer.files);
    } catch (error) {
      notify(failureOf(error));
    }
  });
}

function nameDialog(title: string, action: (name: string) => Promise<void>): void {
  const name = h("input", { required: true, autocomplete: "off", spellcheck: "false", maxlength: 255 });
  showDialog({
    title,
    submit: words.files.create,
    body: [field(words.files.fileName, name)],
    action: () => action(name.value),
  });
}

function crumbs(directory: Path, place: (path: Path) => string): HTMLElement {
  const root = h("a", { href: place("") }, words.files.root);
  const list = h("ol", {}, h("li", {}, root));
  if (typeof directory !== "string") list.append(h("li", {}, pathText(directory)));
  else {
    const steps = directory.split("/").filter((step) => step !== "");
    const start = directory.startsWith("/") ? "/" : "";
    steps.forEach((step, index) =>
      list.append(h("li", {}, h("a", { href: place(start + steps.slice(0, index + 1).join("/")) }, pathText(step))))
    );
  }
  return h("nav", { class: "crumbs", "aria-label": words.files.path }, list);
}

function table(
  session: Session,
  directory: Path,
  entries: FileEntry[],
  place: (path: Path, file?: Path) => string,
  again: () => Promise<void>,
): HTMLElement {
  return h(
    "table",
    { class: "list", "aria-label": words.files.list },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        [words.files.name, words.files.size, words.files.modified, ""].map((text) =>
          text === "" ? h("td", {}) : h("th", { scope: "col" }, text)
        ),
      ),
    ),
    h(
      "tbody",
      {},
      fileRows({ session, place, again }, directory, entries, 0),
    ),
  );
}
