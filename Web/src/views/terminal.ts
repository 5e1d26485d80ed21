import { calls } from "../api/calls.ts";
import type { Backend, Exec, Session } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, loading, notify, select } from "../dom/controls.ts";
import { confirm } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";
import { sessionName } from "./pills.ts";
import { TerminalPane } from "./terminal-pane.ts";
import type { Context } from "./view.ts";

/** A shell that most images have, and a better one where it is there. */
const shell = "if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi";

/** What the picker means by the machine itself. No session has such an id. */
const host = "";

/** A session's terminals: execs with a terminal that still run, each of them a tab. */
export function terminalView(context: Context, session: Session): HTMLElement {
  return new Terminals(context, () => Promise.resolve([session]), undefined).element;
}

/** Terminals of all sessions, and a choice of where the next one runs. */
export function terminalsView(context: Context): HTMLElement {
  let outside: Backend | undefined;
  const open = async () => {
    const [{ sessions }, { backends }] = await Promise.all([calls.sessions(false), calls.backends(false)]);
    outside = backends.find((one) => one.isolation === "none");
    return sessions.filter((one) => one.state === "ready" && one.sandbox !== undefined).reverse();
  };
  const terminals = new Terminals(context, open, () => outside);
  return h(
    "section",
    { class: "view session" },
    h("header", { class: "session-head" }, h("h1", {}, words.parts.terminals)),
    h("div", { class: "session-body" }, terminals.element),
  );
}

interface Tab {
  pane: TerminalPane;
  name: string;
}

class Terminals {
  readonly element: HTMLElement;
  private readonly tabs = h("div", { class: "terminal-tabs", role: "tablist", "aria-label": words.terminal.tabs });
  private readonly body = h("div", { class: "terminal-body" }, loading());
  private readonly panes = new Map<string, Tab>();
  private sessions: Session[] = [];
  private shown: string | undefined;
  private target: string | undefined;

  /** `outside` answers with what runs commands on the machine itself, if anything; a view of one session has no choice of targets. */
  constructor(
    private readonly context: Context,
    private readonly load: () => Promise<Session[]>,
    private readonly outside: (() => Backend | undefined) | undefined,
  ) {
    this.element = h("div", { class: "terminals" }, this.tabs, this.body);
    void this.look();
  }

  private async look(): Promise<void> {
    try {
      this.sessions = await this.load();
      const all = await Promise.all(this.sessions.map((one) => calls.execs(one.id, 1000)));
      if (this.context.signal.aborted) return;
      for (const exec of all.flatMap((one) => one.execs)) {
        if (exec.terminal && exec.state === "running") this.add(exec);
      }
      const last = [...this.panes.keys()].at(-1);
      if (last) this.select(last);
      else this.draw();
    } catch (error) {
      if (this.context.signal.aborted) return;
      this.body.replaceChildren(failureBox(failureOf(error), () => this.look()));
    }
  }

  private readonly create = async () => {
    const wanted = this.target ?? this.sessions[0]?.id;
    if (wanted === undefined) return notify(words.terminal.noTarget);
    if (wanted !== host) return await this.begin(wanted);
    confirm(words.terminal.hostTitle, words.terminal.hostLoss, words.terminal.new, async () => {
      const session = await calls.open({ sandbox: false });
      this.sessions.unshift(session);
      this.target = session.id;
      await this.begin(session.id);
    });
  };

  private async begin(session: string): Promise<void> {
    const exec = await calls.start(session, {
      shell,
      environment: { TERM: "xterm-256color", COLORTERM: "truecolor" },
      terminal: { columns: 100, rows: 30 },
    });
    this.add(exec);
    this.select(exec.id);
  }

  private add(exec: Exec): void {
    const pane = new TerminalPane(exec.session, exec.id, this.context.signal, () => this.draw());
    this.panes.set(exec.id, { pane, name: this.nameOf(exec) });
  }

  private nameOf(exec: Exec): string {
    const name = words.terminal.name(this.panes.size + 1);
    const session = this.sessions.find((one) => one.id === exec.session);
    return this.outside && session ? words.terminal.nameIn(sessionName(session), this.panes.size + 1) : name;
  }

  private select(id: string): void {
    this.shown = id;
    this.draw();
    this.panes.get(id)?.pane.show();
  }

  private draw(): void {
    this.tabs.replaceChildren(...[...this.panes].map(([id, { pane, name }]) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          class: pane.isOver ? "over" : "",
          "aria-selected": String(id === this.shown),
          onclick: () => this.select(id),
        },
        name,
      )
    ));
    const pane = this.shown === undefined ? undefined : this.panes.get(this.shown)?.pane;
    const tools = h(
      "div",
      { class: "terminal-tools" },
      pane && button("", { icon: "search", weight: "quiet", label: words.terminal.findTitle }, () => pane.find()),
      pane && !pane.isOver && button(words.terminal.end, { icon: "stop", weight: "quiet" }, () => pane.end()),
      this.outside && this.picker(this.outside()),
      button(words.terminal.new, { icon: "plus", weight: "plain" }, this.create),
    );
    this.element.replaceChildren(h("div", { class: "terminal-bar" }, this.tabs, tools), this.body);
    if (!pane) this.body.replaceChildren(this.emptiness());
    else if (this.body.firstChild !== pane.element) this.body.replaceChildren(pane.element);
  }

  private emptiness(): HTMLElement {
    if (this.outside && this.sessions.length === 0 && this.outside()?.available !== true) {
      return emptyBox(words.terminal.empty, words.terminal.noTarget);
    }
    const start = button(words.terminal.new, { icon: "plus", weight: "main" }, this.create);
    return emptyBox(words.terminal.empty, words.terminal.emptyText, start);
  }

  /** Every sandbox that runs; the machine itself only where it is allowed. */
  private picker(outside: Backend | undefined): HTMLSelectElement {
    const isAllowed = outside?.available === true;
    const reason = outside?.reason ?? words.terminal.hostForbidden;
    const element = select([
      ...this.sessions.map((one) => ({ value: one.id, text: `${sessionName(one)} · ${one.backend}` })),
      {
        value: host,
        text: isAllowed ? words.terminal.host : `${words.terminal.host}: ${reason}`,
        disabled: !isAllowed,
      },
    ], this.target ?? this.sessions[0]?.id ?? host);
    element.setAttribute("aria-label", words.terminal.target);
    element.addEventListener("change", () => this.target = element.value);
    return element;
  }
}
