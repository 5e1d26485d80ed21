import { calls } from "../api/calls.ts";
import { harmless, lastStep, pathText } from "../api/path.ts";
import type { Conflict, ConflictNode, Session, Settlement, Version } from "../api/types.ts";
import { button, failureBox, failureOf, loading, notify } from "../dom/controls.ts";
import { confirm } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { icon } from "../dom/icon.ts";
import { diffLines } from "../output/diff.ts";
import { sizeText } from "../time.ts";
import { words } from "../words.ts";

/** Text beyond this is not compared in a page. */
const mostText = 1 << 20;
/** Lines of a comparison that are drawn. */
const mostLines = 4000;

const marks = { same: " ", old: "-", new: "+", gap: "" } as const;

/** One conflict: what each side has, how they differ, and ways to settle it. */
export class ConflictCard {
  readonly element: HTMLElement;
  private readonly difference = h("div", { class: "difference" });
  private readonly look: HTMLDetailsElement;

  constructor(
    private readonly session: Session,
    private readonly conflict: Conflict,
    private readonly done: () => void,
  ) {
    const path = pathText(conflict.path);
    this.look = h(
      "details",
      { ontoggle: () => this.look.open ? void this.compare() : undefined },
      h("summary", {}, words.changes.difference),
      this.difference,
    );
    this.element = h(
      "article",
      { class: "card conflict", "aria-label": path },
      h("h3", { class: "mono wraps" }, path),
      h("p", { class: "dim" }, conflict.reason),
      h(
        "dl",
        { class: "details" },
        this.side(words.changes.sides.host, conflict.host, "host"),
        this.side(words.changes.sides.sandbox, conflict.sandbox, "sandbox"),
        conflict.versions?.includes("base") && this.side(words.changes.sides.base, conflict.base, "base"),
      ),
      this.look,
      h(
        "div",
        { class: "conflict-actions" },
        this.action("take-host"),
        this.action("take-sandbox"),
        conflict.versions?.includes("base") && conflict.loser === undefined && this.action("merge"),
      ),
    );
  }

  /** Looks again, if anybody looks: the host's version may be another one by now. */
  refresh(): void {
    if (this.look.open) void this.compare();
  }

  private side(name: string, node: ConflictNode | undefined, version: Version): HTMLElement {
    const { session, conflict } = this;
    const file = `${pathText(lastStep(conflict.path))}.${version}`;
    const label = `${words.files.download} ${file}`;
    return h(
      "div",
      {},
      h("dt", {}, name),
      h(
        "dd",
        {},
        nodeText(node),
        conflict.versions?.includes(version) &&
          h("a", {
            class: "button quiet bare",
            href: calls.conflictAddress(session.id, conflict.id, version),
            download: file,
            "aria-label": label,
            title: label,
          }, icon("download")),
      ),
    );
  }

  private action(settlement: Settlement): HTMLButtonElement {
    const path = pathText(this.conflict.path);
    return button(
      words.changes.settle[settlement],
      { label: `${words.changes.settle[settlement]}: ${path}` },
      () =>
        confirm(
          words.changes.settleTitle[settlement](path),
          words.changes.settleLoss[settlement],
          words.changes.settle[settlement],
          async () => {
            await calls.settle(this.session.id, this.conflict.id, settlement);
            notify(words.changes.settled(path));
            this.done();
          },
        ),
    );
  }

  /** From the host's version to the sandbox's. */
  private async compare(): Promise<void> {
    // What is shown stays until there is something newer.
    if (this.difference.childElementCount === 0) this.difference.replaceChildren(loading());
    try {
      const [host, sandbox] = await Promise.all([this.text("host"), this.text("sandbox")]);
      if (host === undefined || sandbox === undefined) {
        this.difference.replaceChildren(h("p", { class: "dim" }, words.changes.noText));
        return;
      }
      const lines = diffLines(host, sandbox);
      const shown = lines.slice(0, mostLines).map((one) =>
        h(
          "div",
          { class: `line ${one.kind}` },
          one.kind === "gap" ? "⋯" : `${marks[one.kind]} ${harmless(one.text.replaceAll("\t", "    "))}`,
        )
      );
      this.difference.replaceChildren(
        h("p", { class: "hint" }, words.changes.legend),
        h("div", { class: "diff", tabindex: 0, role: "group", "aria-label": words.changes.difference }, shown),
        ...(lines.length > mostLines ? [h("p", { class: "hint" }, words.changes.rest(lines.length - mostLines))] : []),
      );
    } catch (error) {
      this.difference.replaceChildren(failureBox(failureOf(error), () => this.compare()));
    }
  }

  /** A version as text; undefined where it is none, or too much of it. What a side does not have is empty. */
  private async text(version: Version): Promise<string | undefined> {
    const { conflict, session } = this;
    const node = version === "host" ? conflict.host : conflict.sandbox;
    if (node === undefined) return "";
    if (node.kind !== "file" || node.size > mostText || !conflict.versions?.includes(version)) return undefined;
    const bytes = new Uint8Array(await (await calls.conflictContent(session.id, conflict.id, version)).arrayBuffer());
    if (bytes.length > mostText || bytes.includes(0)) return undefined;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return undefined;
    }
  }
}

function nodeText(node: ConflictNode | undefined): string {
  if (node === undefined) return words.changes.absent;
  if (node.kind === "file") return sizeText(node.size);
  return node.target === undefined ? words.changes.folder : words.files.link(pathText(node.target));
}
