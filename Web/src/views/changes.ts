import { calls } from "../api/calls.ts";
import { pathText } from "../api/path.ts";
import type { Session, SyncEvent, SyncReport, WorkspaceStatus } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, loading, notify } from "../dom/controls.ts";
import { showDialog } from "../dom/dialog.ts";
import { fill, h } from "../dom/h.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { changeTable, refusalList } from "./change-lists.ts";
import { ConflictCard } from "./conflict-card.ts";
import { type Context, settled, when } from "./view.ts";

type Way = "push" | "pull";

/** What both sides of a session's workspace changed, and ways to bring it over. */
export function changesView(context: Context, session: Session): HTMLElement {
  if (session.workspace.kind === "mounted" && session.workspace.readOnly !== true) return mountedView(context, session);
  if (session.workspace.kind !== "synced") {
    return h("div", { class: "scroll" }, emptyBox(words.changes.none, words.changes.noneText));
  }
  const status = h("p", { class: "dim small changes-status" });
  const conflicts = h("div", { class: "conflicts" });
  const changes = h("div", {}, loading());
  const cards = new Map<string, ConflictCard>();
  const isOpen = session.state === "ready" || session.state === "opening";

  const showConflicts = async () => {
    const { conflicts: all } = await calls.conflicts(session.id);
    if (context.signal.aborted) return;
    const known = new Set(all.map((one) => one.id));
    for (const id of [...cards.keys()]) if (!known.has(id)) cards.delete(id);
    const shown = all.map((one) => {
      const before = cards.get(one.id);
      before?.refresh();
      const card = before ?? new ConflictCard(session, one, again);
      cards.set(one.id, card);
      return card.element;
    });
    fill(conflicts, shown.length > 0 && h("h2", {}, words.changes.conflicts(shown.length)), shown);
  };
  const look = async () => {
    try {
      await showConflicts();
      if (!isOpen) {
        return changes.replaceChildren(shownNothing());
      }
      const [stand, report] = await Promise.all([calls.workspaceStatus(session.id), calls.diff(session.id)]);
      if (context.signal.aborted) return;
      fill(status, ...statusOf(stand));
      changes.replaceChildren(...reportOf(report, (id) => cards.has(id)));
    } catch (error) {
      if (!context.signal.aborted) changes.replaceChildren(failureBox(failureOf(error), look));
    }
  };
  const shownNothing = () => cards.size > 0 ? h("div", {}) : emptyBox(words.changes.closed, words.changes.closedText);
  const again = settled(() => void look(), context.signal);
  // What anybody else brings over shows here too.
  context.signal.addEventListener(
    "abort",
    context.feed.read((event) => {
      if (event.session === session.id && event.type.startsWith("workspace.")) again();
    }),
  );
  void look();
  const way = (one: Way, weight: "plain" | "main") =>
    button(
      words.changes[one],
      { icon: one === "pull" ? "download" : "upload", weight, disabled: !isOpen },
      () => preview(session, one, again),
    );
  return h(
    "div",
    { class: "scroll changes" },
    h(
      "div",
      { class: "changes-bar" },
      h(
        "div",
        { class: "grow" },
        session.workspace.path && h("p", { class: "mono small" }, pathText(session.workspace.path)),
        status,
      ),
      button(words.changes.again, { icon: "again" }, look),
      way("push", "plain"),
      way("pull", "main"),
    ),
    conflicts,
    changes,
  );
}

/** What changed in a directory of the host that the sandbox works in itself: there is nothing to bring over. */
function mountedView(context: Context, session: Session): HTMLElement {
  const changes = h("div", {});
  const look = () =>
    changes.replaceChildren(when(() => calls.diff(session.id), (report) => [
      h("p", { class: "dim" }, words.changes.since, " ", timeElement(report.since ?? session.createdAt)),
      ...reportOf(report),
    ], context.signal));
  look();
  return h(
    "div",
    { class: "scroll changes" },
    h(
      "div",
      { class: "changes-bar" },
      h("p", { class: "grow mono small" }, pathText(session.workspace.path ?? "")),
      button(words.changes.again, { icon: "again" }, look),
    ),
    changes,
  );
}

function statusOf(stand: WorkspaceStatus): (Node | string | false)[] {
  return [
    words.changes.pulled,
    " ",
    stand.pulledAt ? timeElement(stand.pulledAt) : words.changes.never,
    " · ",
    words.changes.pushed,
    " ",
    stand.pushedAt ? timeElement(stand.pushedAt) : words.changes.never,
    stand.failure !== undefined && h("span", { class: "box bad", role: "alert" }, stand.failure),
  ];
}

/** What a comparison found; conflicts that are shown already are not told again. */
function reportOf(report: SyncReport, isShown: (conflict: string) => boolean = () => false): HTMLElement[] {
  const parts = [
    changeTable(
      report.since === undefined ? words.changes.inSandbox : words.changes.list,
      report.changes,
      report.omitted.changes,
    ),
    changeTable(words.changes.onHost, report.pending, report.omitted.pending),
    refusalList(words.changes.refused, report.refused, report.omitted.refused),
  ].filter((one) => one !== undefined);
  const fresh = report.conflicts.filter((one) => !isShown(one.id)).length;
  if (fresh > 0) parts.unshift(h("p", { class: "hint" }, words.changes.clash(fresh)));
  if (report.conflicts.length > 0) return parts;
  return parts.length > 0 ? parts : [
    emptyBox(
      report.since === undefined ? words.changes.clean : words.changes.unchanged,
      words.changes.cleanText(report.total),
    ),
  ];
}

/** How far a push or a pull is. */
function progressText({ phase, files = 0, bytes = 0, totalBytes }: SyncEvent): string {
  if (phase === undefined) return "";
  if (phase !== "copying") return words.changes.phases[phase];
  return words.changes.copying(files, sizeText(bytes), totalBytes ? Math.round(bytes * 100 / totalBytes) : undefined);
}

/** Tells what would be done before it is. */
async function preview(session: Session, way: Way, done: () => void): Promise<void> {
  const report = await calls.syncPreview(session.id, way);
  const count = report.changes.length + report.omitted.changes;
  if (count + report.conflicts.length === 0) return notify(words.changes.nothing[way]);
  const progress = h("p", { class: "dim small sync-progress", role: "status" });
  showDialog({
    title: words.changes.previewTitle[way](count),
    submit: words.changes[way],
    icon: way === "pull" ? "download" : "upload",
    body: [
      h("p", {}, words.changes.previewText[way]),
      ...(report.conflicts.length > 0 ? [h("p", { class: "hint" }, words.changes.clash(report.conflicts.length))] : []),
      ...[changeTable("", report.changes, report.omitted.changes)].filter((one) => one !== undefined),
      progress,
    ],
    action: async () => {
      const told = await calls.sync(session.id, way, (event) => progress.textContent = progressText(event))
        .finally(() => progress.textContent = "");
      notify(words.changes.done[way](told.changes.length + told.omitted.changes, told.conflicts.length));
      done();
    },
  });
}
