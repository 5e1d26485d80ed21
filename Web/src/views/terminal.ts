import { calls } from "../api/calls.ts";
import type { Exec, Session } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, loading } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";
import { TerminalPane } from "./terminal-pane.ts";
import type { Context } from "./view.ts";

/** A shell that most images have, and a better one where it is there. */
const shell = "if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi";

/** A session's terminals: execs with a terminal that still run, each of them a tab. */
export function terminalView(context: Context, session: Session): HTMLElement {
  const tabs = h("div", { class: "terminal-tabs", role: "tablist", "aria-label": words.terminal.tabs });
  const body = h("div", { class: "terminal-body" }, loading());
  const element = h("div", { class: "terminals" }, tabs, body);
  const panes = new Map<string, TerminalPane>();
  let shown: string | undefined;

  const create = async () => {
    const exec = await calls.start(session.id, {
      shell,
      environment: { TERM: "xterm-256color", COLORTERM: "truecolor" },
      terminal: { columns: 100, rows: 30 },
    });
    add(exec);
    select(exec.id);
  };
  const add = (exec: Exec) => {
    const pane = new TerminalPane(session.id, exec.id, context.signal, () => draw());
    panes.set(exec.id, pane);
  };
  const select = (id: string) => {
    shown = id;
    draw();
    panes.get(id)?.show();
  };
  const draw = () => {
    let number = 0;
    tabs.replaceChildren(
      ...[...panes].flatMap(([id, pane]) => {
        number += 1;
        const name = words.terminal.name(number);
        const tab = h(
          "button",
          {
            type: "button",
            role: "tab",
            class: pane.isOver ? "over" : "",
            "aria-selected": String(id === shown),
            onclick: () => select(id),
          },
          name,
        );
        return [tab];
      }),
    );
    const pane = shown === undefined ? undefined : panes.get(shown);
    const tools = h(
      "div",
      { class: "terminal-tools" },
      pane &&
        button("", { icon: "search", weight: "quiet", label: words.terminal.findTitle }, () => pane.find()),
      pane && !pane.isOver && button(words.terminal.end, { icon: "stop", weight: "quiet" }, () => pane.end()),
      button(words.terminal.new, { icon: "plus", weight: "plain" }, create),
    );
    element.replaceChildren(h("div", { class: "terminal-bar" }, tabs, tools), body);
    if (!pane) {
      body.replaceChildren(
        emptyBox(
          words.terminal.empty,
          words.terminal.emptyText,
          button(words.terminal.new, { icon: "plus", weight: "main" }, create),
        ),
      );
    } else if (body.firstChild !== pane.element) body.replaceChildren(pane.element);
  };
  const look = async () => {
    try {
      const { execs } = await calls.execs(session.id, 1000);
      if (context.signal.aborted) return;
      for (const exec of execs) if (exec.terminal && exec.state === "running") add(exec);
      const last = [...panes.keys()].at(-1);
      if (last) select(last);
      else draw();
    } catch (error) {
      if (!context.signal.aborted) body.replaceChildren(failureBox(failureOf(error), look));
    }
  };
  void look();
  return element;
}
