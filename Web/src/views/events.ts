import type { Event as ServerEvent, Session } from "../api/types.ts";
import { lines } from "../api/lines.ts";
import { send } from "../api/http.ts";
import { emptyBox, failureBox, failureOf, loading } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { link } from "../router.ts";
import { timeElement } from "../time.ts";
import { words } from "../words.ts";
import type { Context } from "./view.ts";

/** Events that are shown; the feed itself has all. */
const most = 300;

/** What happened, latest first, and what happens from now on. */
export function eventsView(context: Context, session: Session | undefined): HTMLElement {
  const list = h("ol", { class: "timeline" });
  const state = h("div", {}, loading());
  const seen = new Set<number>();
  const add = (event: ServerEvent) => {
    if (seen.has(event.sequence) || (session && event.session !== session.id)) return;
    // Who asked is for those who look after the server; here every change is told by what it did.
    if (session && event.type === "access.change") return;
    seen.add(event.sequence);
    list.prepend(entry(event, session === undefined));
    if (list.children.length > most) list.lastElementChild?.remove();
    state.replaceChildren();
  };
  const load = async () => {
    state.replaceChildren(loading());
    try {
      const query = { follow: false, tail: most, ...(session && { session: session.id }) };
      const response = await send("/v1/events", { query, signal: context.signal });
      if (response.body) { for await (const event of lines<ServerEvent>(response.body)) add(event); }
      if (seen.size === 0) state.replaceChildren(emptyBox(words.events.empty, words.events.emptyText));
      else state.replaceChildren(...(seen.size >= most ? [h("p", { class: "hint" }, words.events.earlier)] : []));
    } catch (error) {
      if (!context.signal.aborted) state.replaceChildren(failureBox(failureOf(error), load));
    }
  };
  context.signal.addEventListener("abort", context.feed.read(add));
  void load();
  if (session) return h("div", { class: "scroll" }, state, list);
  return h(
    "section",
    { class: "view" },
    h("header", { class: "view-head" }, h("h1", {}, words.events.title)),
    state,
    list,
  );
}

function entry(event: ServerEvent, withSession: boolean): HTMLElement {
  const isBad = /fail|denied|reaped|expired/.test(event.type);
  const facts = Object.entries(event.facts);
  return h(
    "li",
    { class: isBad ? "bad" : event.type.startsWith("exec.") ? "exec" : "" },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "strong" }, words.eventNames[event.type] ?? event.type),
    withSession && event.session &&
      h("a", { href: link(["sessions", event.session]), class: "mono small" }, event.session),
    event.exec && h("span", { class: "mono small dim" }, event.exec),
    h("span", { class: "facts-line dim cut" }, facts.map(([name, value]) => `${name}: ${value}`).join("  ·  ")),
    timeElement(event.at),
  );
}
