import { calls } from "../api/calls.ts";
import type { Exec, Session } from "../api/types.ts";
import { pathText } from "../api/path.ts";
import { button, emptyBox, failureBox, failureOf, loading } from "../dom/controls.ts";
import { h, keep } from "../dom/h.ts";
import { go, link } from "../router.ts";
import { timeElement } from "../time.ts";
import { words } from "../words.ts";
import { openDialog } from "./open-dialog.ts";
import { commandText, outcomePill, sessionName, stateDot } from "./pills.ts";
import { type Context, settled } from "./view.ts";
import { welcome } from "./welcome.ts";

/** More sessions than this are not asked for their last command. */
const mostLastCommands = 60;

/** All sessions, kept true by the feed. */
export function sessionsView(context: Context, query: URLSearchParams): HTMLElement {
  const withClosed = query.get("closed") === "true";
  const body = h("tbody", {});
  const table = h(
    "table",
    { class: "list", hidden: true },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ...[
          words.sessions.name,
          words.sessions.state,
          words.sessions.backend,
          words.sessions.workspace,
          words.sessions.lastCommand,
          words.sessions.used,
        ].map((text) => h("th", { scope: "col" }, text)),
      ),
    ),
    body,
  );
  const state = h("div", {}, loading());
  const count = h("span", { class: "count" });
  const last = new Map<string, Exec>();
  const open = () =>
    button(
      words.sessions.open,
      { icon: "plus", weight: "main" },
      () => openDialog((session) => go(["sessions", session.id])),
    );

  const look = async () => {
    try {
      const { sessions } = await calls.sessions(withClosed);
      if (context.signal.aborted) return;
      const shown = sessions.reverse();
      count.textContent = words.sessions.count(shown.filter((one) => one.state !== "closed").length);
      table.hidden = shown.length === 0;
      if (shown.length > 0) state.replaceChildren();
      else if (await isFresh()) state.replaceChildren(welcome(context.signal, open()));
      else state.replaceChildren(emptyBox(words.sessions.empty, words.sessions.emptyText, open()));
      const draw = () =>
        keep(
          body,
          shown,
          (one) => JSON.stringify([one, last.get(one.id)]),
          (one, before) => before ?? row(one, last.get(one.id)),
        );
      draw();
      await Promise.all(
        shown.slice(0, mostLastCommands).map(async (one) => {
          const { execs } = await calls.execs(one.id, 1).catch(() => ({ execs: [] }));
          if (execs[0]) last.set(one.id, execs[0]);
        }),
      );
      if (!context.signal.aborted) draw();
    } catch (error) {
      if (context.signal.aborted) return;
      table.hidden = true;
      state.replaceChildren(failureBox(failureOf(error), look));
    }
  };
  const soon = settled(look, context.signal);
  const unread = context.feed.read((event) => event.session !== undefined ? soon() : undefined);
  let wasOffline = false;
  const unwatch = context.feed.watch((feed) => {
    if (feed === "live" && wasOffline) soon();
    wasOffline = feed === "offline";
  });
  context.signal.addEventListener("abort", () => {
    unread();
    unwatch();
  });
  void look();

  const closed = h("input", {
    type: "checkbox",
    checked: withClosed,
    onchange: () => go(["sessions"], closed.checked ? { closed: "true" } : {}),
  });
  return h(
    "section",
    { class: "view" },
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, words.parts.sessions),
      count,
      h("div", { class: "grow" }),
      h("label", { class: "check" }, closed, words.sessions.showClosed),
      open(),
    ),
    state,
    h("div", { class: "wide" }, table),
  );
}

/** Nothing was ever opened here. */
async function isFresh(): Promise<boolean> {
  return (await calls.sessions(true)).sessions.length === 0;
}

function row(session: Session, exec: Exec | undefined): HTMLElement {
  const name = sessionName(session);
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      h("a", { href: link(["sessions", session.id]), class: "strong" }, name),
      session.name && h("div", { class: "dim mono small" }, session.id),
    ),
    h("td", {}, stateDot(session), session.failure && h("div", { class: "dim small cut" }, session.failure)),
    h(
      "td",
      {},
      h("span", { class: "pill outline" }, session.backend),
      h("div", { class: "dim small" }, session.isolation),
    ),
    h(
      "td",
      { class: "dim" },
      session.workspace.kind,
      session.workspace.path && h("div", { class: "mono small cut" }, pathText(session.workspace.path)),
    ),
    h(
      "td",
      { class: "last-command" },
      exec
        ? [h("code", { class: "cut" }, commandText(exec)), outcomePill(exec)]
        : h("span", { class: "dim" }, words.sessions.noCommand),
    ),
    h("td", { class: "dim nowrap" }, timeElement(session.lastUsedAt)),
  );
}
