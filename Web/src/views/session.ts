import { calls } from "../api/calls.ts";
import { APIError } from "../api/http.ts";
import { pathText } from "../api/path.ts";
import type { Session } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, field, loading, notify, select } from "../dom/controls.ts";
import { confirm, showDialog } from "../dom/dialog.ts";
import { fill, h } from "../dom/h.ts";
import { go, link } from "../router.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { changesView } from "./changes.ts";
import { consoleView } from "./console.ts";
import { detailsView } from "./details.ts";
import { eventsView } from "./events.ts";
import { filesView } from "./files.ts";
import { backendOptions } from "./open-dialog.ts";
import { sessionName, stateDot } from "./pills.ts";
import { terminalView } from "./terminal.ts";
import { type Context, settled } from "./view.ts";

const tabs = ["console", "terminal", "files", "changes", "events", "details"] as const;
type Tab = typeof tabs[number];

/** One session: what it is, and ways to use it. */
export function sessionView(context: Context, id: string, wanted: string, query: URLSearchParams): HTMLElement {
  const tab = tabs.find((one) => one === wanted) ?? "console";
  const head = h("header", { class: "session-head" });
  const note = h("div", {});
  const body = h("div", { class: "session-body" }, loading());
  let shown: Session | undefined;

  const look = async () => {
    try {
      const session = await calls.session(id);
      if (context.signal.aborted) return;
      fill(head, ...headOf(session, id));
      note.replaceChildren(...noteOf(session));
      if (!shown) {
        document.title = `${sessionName(session)} · ${words.product}`;
        body.replaceChildren(tabElement(context, tab, session, query));
      }
      shown = session;
    } catch (error) {
      if (context.signal.aborted || shown) return;
      body.replaceChildren(
        error instanceof APIError && error.status === 404
          ? emptyBox(
            words.session.unknown,
            error.failure.message,
            h("a", { class: "button", href: link(["sessions"]) }, words.parts.sessions),
          )
          : failureBox(failureOf(error), look),
      );
    }
  };
  const soon = settled(look, context.signal);
  const unread = context.feed.read((event) =>
    event.session === shown?.id && !event.type.startsWith("exec.") ? soon() : undefined
  );
  let wasOffline = false;
  const unwatch = context.feed.watch((state) => {
    if (state === "live" && wasOffline) soon();
    wasOffline = state === "offline";
  });
  context.signal.addEventListener("abort", () => {
    unread();
    unwatch();
  });
  void look();

  const bar = h(
    "div",
    { class: "tabs", role: "navigation", "aria-label": words.session.views },
    tabs.map((one) =>
      h("a", { href: link(["sessions", id, one]), "aria-current": one === tab ? "page" : null }, words.session[one])
    ),
  );
  return h("section", { class: "view session" }, head, bar, note, body);
}

function tabElement(context: Context, tab: Tab, session: Session, query: URLSearchParams): HTMLElement {
  switch (tab) {
    case "console":
      return consoleView(context, session);
    case "terminal":
      return terminalView(context, session);
    case "files":
      return filesView(context, session, query);
    case "changes":
      return changesView(context, session);
    case "events":
      return eventsView(context, session);
    case "details":
      return detailsView(session);
  }
}

function headOf(session: Session, address: string): HTMLElement[] {
  const isOpen = session.state !== "closed" && session.state !== "closing";
  const limits = session.limits.memory ? sizeText(session.limits.memory) : "";
  return [
    h(
      "div",
      { class: "session-title" },
      h("h1", { class: "cut" }, sessionName(session)),
      stateDot(session),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(words.sessions.backend, `${session.backend} · ${session.isolation}`),
      fact(
        words.details.image,
        session.image.kind === "default"
          ? words.details.imageDefault
          : session.image.name ?? pathText(session.image.path ?? ""),
      ),
      fact(words.details.network, session.network),
      limits && fact(words.details.limits, limits),
      fact(words.details.used, timeElement(session.lastUsedAt)),
    ),
    h(
      "div",
      { class: "session-actions" },
      isOpen && button(words.session.switch, { icon: "swap" }, () => switchDialog(session)),
      isOpen && button(words.session.close, { icon: "trash", weight: "danger" }, () => closeDialog(session, address)),
    ),
  ].filter((one) => one !== undefined);
}

function fact(name: string, value: string | Node): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", { class: "cut" }, value));
}

function noteOf(session: Session): HTMLElement[] {
  if (session.state === "opening") {
    return [
      h(
        "div",
        { class: "box calm", role: "status" },
        h("span", { class: "spinner", "aria-hidden": "true" }),
        words.session.preparing,
      ),
    ];
  }
  if (session.state === "closed") {
    return [h("div", { class: "box calm", role: "status" }, words.session.closed(session.failure ?? ""))];
  }
  if (session.failure) {
    return [failureBox({ code: "internal", message: session.failure }, () => calls.prepare(session.id))];
  }
  return [];
}

async function closeDialog(session: Session, address: string): Promise<void> {
  const { execs } = await calls.execs(session.id, 1000);
  const running = execs.filter((one) => one.state === "running").length;
  confirm(
    words.session.closeTitle(sessionName(session)),
    words.session.closeLoss(running, session.workspace.kind === "private"),
    words.session.close,
    async () => {
      await calls.close(session.id);
      if (location.hash.includes(encodeURIComponent(address))) go(["sessions"]);
    },
  );
}

async function switchDialog(session: Session): Promise<void> {
  const { backends } = await calls.backends(false);
  const backend = select(backendOptions(backends), session.backend);
  const image = h("input", { autocomplete: "off", spellcheck: "false" });
  showDialog({
    title: words.session.switchTitle,
    submit: words.session.switch,
    icon: "swap",
    body: [
      h("p", {}, words.session.switchText),
      field(words.sessions.backend, backend),
      field(words.images.pick, image, words.images.pickHint),
    ],
    action: async () => {
      const changed = await calls.change(session.id, {
        ...(backend.value !== session.backend && { backend: backend.value }),
        ...(image.value.trim() && { image: { kind: "reference", name: image.value.trim() } }),
      });
      notify(words.session.switched(changed.backend));
    },
  });
}
