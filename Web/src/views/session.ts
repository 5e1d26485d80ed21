import { calls } from "../api/calls.ts";
import { APIError } from "../api/http.ts";
import type { Event as ServerEvent, Session } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, field, loading, notify, select } from "../dom/controls.ts";
import { confirm, showDialog } from "../dom/dialog.ts";
import { fill, h } from "../dom/h.ts";
import { go, link } from "../router.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { closeDialog } from "./close-dialog.ts";
import { changesView } from "./changes.ts";
import { consoleView } from "./console.ts";
import { detailsView } from "./details.ts";
import { eventsView } from "./events.ts";
import { ImagePicker } from "./image-picker.ts";
import { filesView } from "./files.ts";
import { backendOptions, labelled } from "./open-dialog.ts";
import { sessionName, stateDot } from "./pills.ts";
import { imageText } from "./sandbox-table.ts";
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
  let step: PreparingStep = "preparing";

  const look = async () => {
    try {
      const session = await calls.session(id);
      // What came before this page looked is told by the events that were.
      if (!shown && session.state === "opening") {
        for (const event of await calls.latestEvents(session.id)) step = stepOf(event) ?? step;
      }
      if (context.signal.aborted) return;
      fill(head, ...headOf(session, id));
      note.replaceChildren(...noteOf(session, step));
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
  const unread = context.feed.read((event) => {
    if (event.session !== shown?.id || event.type.startsWith("exec.")) return;
    step = stepOf(event) ?? step;
    soon();
  });
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
      fact(words.session.sandbox, session.isolation === "none" ? words.session.sandboxOff : words.session.sandboxOn),
      fact(words.sessions.backend, `${session.backend} · ${session.isolation}`),
      fact(
        words.details.image,
        imageText(session),
      ),
      fact(words.details.network, session.network),
      limits && fact(words.details.limits, limits),
      fact(words.details.used, timeElement(session.lastUsedAt)),
    ),
    h(
      "div",
      { class: "session-actions" },
      session.state === "opening" && sandboxSwitch(session),
      isOpen && button(words.session.switch, { icon: "swap" }, () => switchDialog(session)),
      isOpen && button(words.session.close, { icon: "trash", weight: "danger" }, () =>
        closeDialog(session, () => {
          if (location.hash.includes(encodeURIComponent(address))) go(["sessions"]);
        })),
    ),
  ].filter((one) => one !== undefined);
}

/** Only what has no sandbox yet can be told to go without one, or with one after all. */
function sandboxSwitch(session: Session): HTMLElement {
  if (session.isolation === "none") {
    return button(words.session.turnOn, {}, () => calls.change(session.id, { sandbox: true }));
  }
  return button(
    words.session.turnOff,
    { weight: "quiet" },
    () =>
      confirm(words.session.turnOffTitle, words.terminal.hostLoss, words.session.turnOff, async () => {
        await calls.change(session.id, { sandbox: false });
      }),
  );
}

function fact(name: string, value: string | Node): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", { class: "cut" }, value));
}

type PreparingStep = keyof typeof words.session.steps;

/** What an event says of how far the making of a sandbox is. */
function stepOf(event: ServerEvent): PreparingStep | undefined {
  if (event.type === "provisioning") return "installing";
  if (event.type !== "preparing") return undefined;
  return event.facts["step"] === "image" ? "building" : "preparing";
}

function noteOf(session: Session, step: PreparingStep): HTMLElement[] {
  if (session.state === "opening") {
    return [
      h(
        "div",
        { class: "box calm", role: "status" },
        h("span", { class: "spinner", "aria-hidden": "true" }),
        words.session.steps[step],
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

async function switchDialog(session: Session): Promise<void> {
  const { backends } = await calls.backends(false);
  const backend = select(backendOptions(backends), session.backend);
  const image = new ImagePicker(backends, () => backend.value);
  showDialog({
    title: words.session.switchTitle,
    submit: words.session.switch,
    icon: "swap",
    body: [
      h("p", {}, words.session.switchText),
      field(words.sessions.backend, backend),
      labelled(words.images.pick, image, words.images.pickHint),
    ],
    action: async () => {
      const changed = await calls.change(session.id, {
        ...(backend.value !== session.backend && { backend: backend.value }),
        ...(image.value && { image: { kind: "reference", name: image.value } }),
      });
      notify(words.session.switched(changed.backend));
    },
  });
}
