import { calls } from "../api/calls.ts";
import type { Session } from "../api/types.ts";
import { button, emptyBox } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";
import { sandboxTable } from "./sandbox-table.ts";
import { type Context, settled, when } from "./view.ts";

/** Every sandbox of this server, on whichever backend, with what it uses. */
export function sandboxesView(context: Context, tools: HTMLElement): HTMLElement {
  const element = h("div", {});
  const load = () =>
    element.replaceChildren(when(() => calls.sessions(false), ({ sessions }) => {
      const live = sessions.filter(isLive).reverse();
      return live.length === 0
        ? emptyBox(words.sandboxes.empty, words.sandboxes.emptyText)
        : sandboxTable(live, context.signal, load);
    }, context.signal));
  tools.append(button(words.sandboxes.again, { icon: "again" }, load));
  const soon = settled(load, context.signal);
  context.signal.addEventListener(
    "abort",
    context.feed.read((event) =>
      ["session.closed", "session.moved", "prepared", "session.expired"].includes(event.type) ? soon() : undefined
    ),
  );
  load();
  return element;
}

export function isLive(session: Session): boolean {
  return session.sandbox !== undefined && session.state !== "closed";
}
