import { calls } from "../api/calls.ts";
import { joined, lastStep, pathText } from "../api/path.ts";
import type { FileEntry, Path, Session } from "../api/types.ts";
import { button } from "../dom/controls.ts";
import { confirm } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { icon } from "../dom/icon.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";

/** What all rows of a list of files share. */
interface Listing {
  session: Session;
  /** The address of a directory, or of a file in it. */
  place: (directory: Path, file?: Path) => string;
  /** Reads the list again. */
  again: () => Promise<void>;
}

/** Rows for what is in a directory, directories first; a directory can be unfolded where it stands. */
export function fileRows(listing: Listing, directory: Path, entries: FileEntry[], depth: number): HTMLElement[] {
  const sorted = entries.sort((one, other) =>
    Number(other.kind === "directory") - Number(one.kind === "directory") ||
    pathText(one.path).localeCompare(pathText(other.path))
  );
  return sorted.map((entry) => row(listing, directory, entry, depth));
}

function row(listing: Listing, directory: Path, entry: FileEntry, depth: number): HTMLElement {
  const name = lastStep(entry.path);
  const path = joined(directory, name);
  const isDirectory = entry.kind === "directory";
  const head = h(
    "th",
    { scope: "row" },
    h(
      "a",
      { href: isDirectory ? listing.place(path) : listing.place(directory, name), class: "file-name" },
      icon(isDirectory ? "folder" : entry.kind === "symlink" ? "link" : "file"),
      pathText(name),
    ),
    entry.linkTarget && h("span", { class: "dim small" }, " ", words.files.link(pathText(entry.linkTarget))),
  );
  const element = h(
    "tr",
    { "data-depth": String(depth) },
    head,
    h("td", { class: "dim nowrap" }, entry.kind === "file" ? sizeText(entry.size) : ""),
    h("td", { class: "dim nowrap" }, timeElement(entry.modifiedNs / 1e6)),
    h(
      "td",
      { class: "row-tools" },
      entry.kind === "file" && downloadLink(listing.session, path, pathText(name)),
      button(
        "",
        { icon: "trash", weight: "quiet", label: `${words.files.remove} ${pathText(name)}` },
        () =>
          confirm(
            words.files.removeTitle(pathText(name)),
            words.files.removeLoss,
            words.files.remove,
            async () => {
              await calls.remove(listing.session.id, path);
              await listing.again();
            },
          ),
      ),
    ),
  );
  head.style.setProperty("--depth", String(depth));
  if (isDirectory) head.prepend(fold(listing, path, pathText(name), element, depth));
  return element;
}

/** Shows what is in a directory below its row, and takes it away again. */
function fold(listing: Listing, path: Path, name: string, row: HTMLElement, depth: number): HTMLButtonElement {
  const element = button("", { icon: "unfold", weight: "quiet", label: words.files.unfold(name) }, async () => {
    if (element.ariaExpanded === "true") {
      for (let next = row.nextElementSibling; next instanceof HTMLElement && Number(next.dataset.depth) > depth;) {
        const gone = next;
        next = next.nextElementSibling;
        gone.remove();
      }
      element.ariaExpanded = "false";
      return;
    }
    const { entries, more } = await calls.files(listing.session.id, path);
    if (!row.isConnected || element.ariaExpanded === "true") return;
    const note = more ? words.files.more(entries.length) : entries.length === 0 ? words.files.empty : undefined;
    const below = fileRows(listing, path, entries, depth + 1);
    if (note) below.push(noteRow(note, depth + 1));
    row.after(...below);
    element.ariaExpanded = "true";
  });
  element.ariaExpanded = "false";
  element.classList.add("fold");
  return element;
}

function noteRow(text: string, depth: number): HTMLElement {
  const cell = h("td", { colspan: 4, class: "dim small file-note" }, text);
  cell.style.setProperty("--depth", String(depth));
  return h("tr", { "data-depth": String(depth) }, cell);
}

/** A link that saves a file under its name. */
export function downloadLink(session: Session, path: Path, name: string): HTMLAnchorElement {
  const label = `${words.files.download} ${name}`;
  return h("a", {
    class: "button quiet bare",
    href: calls.contentAddress(session.id, path),
    download: name,
    "aria-label": label,
    title: label,
  }, icon("download"));
}
