import { calls } from "../api/calls.ts";
import { APIError } from "../api/http.ts";
import { pathText } from "../api/path.ts";
import type { SandboxUsage, Session } from "../api/types.ts";
import { button } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { link } from "../router.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { closeDialog, stopDialog } from "./close-dialog.ts";
import { sessionName, stateDot } from "./pills.ts";

/** How often what sandboxes use is read while somebody looks. */
const pause = 3000;
/** A browser has few connections for one server. */
const atOnce = 3;
/** More are not asked for what they use: each answer costs its sandbox a little. */
const mostAsked = 40;

/** Sandboxes with what they use, kept true while the view is there. */
export function sandboxTable(sessions: Session[], signal: AbortSignal, again: () => void): HTMLElement {
  const heads = [
    words.sandboxes.session,
    words.sandboxes.state,
    words.sandboxes.backend,
    words.sandboxes.image,
    words.sandboxes.age,
    words.sandboxes.processors,
    words.sandboxes.memory,
    words.sandboxes.processes,
  ];
  const rows = sessions.map((one) => new Row(one, again));
  void follow(rows.slice(0, mostAsked), signal);
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      { class: "list", "aria-label": words.sandboxes.title },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((text, index) => h("th", { scope: "col", class: index < 5 ? "" : "number" }, text)),
          h("td", {}),
        ),
      ),
      h("tbody", {}, rows.map((one) => one.element)),
    ),
  );
}

async function follow(rows: Row[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!document.hidden) {
      const rest = rows.values();
      const some = async () => {
        for (const one of rest) if (!signal.aborted && one.element.isConnected) await one.look(signal);
      };
      await Promise.all(Array.from({ length: atOnce }, some));
    }
    await new Promise((resume) => setTimeout(resume, pause));
    if (!rows.some((one) => one.element.isConnected)) return;
  }
}

class Row {
  readonly element: HTMLElement;
  private readonly processors = h("td", { class: "dim nowrap number" }, "…");
  private readonly memory = h("td", { class: "dim nowrap number" }, "…");
  private readonly processes = h("td", { class: "dim nowrap number" }, "…");
  private before: SandboxUsage | undefined;

  constructor(private readonly session: Session, again: () => void) {
    const name = sessionName(session);
    this.element = h(
      "tr",
      { "data-sandbox": session.sandbox },
      h(
        "th",
        { scope: "row" },
        h("a", { href: link(["sessions", session.id]), class: "strong" }, name),
        h("div", { class: "dim mono small cut" }, session.sandbox),
      ),
      h("td", {}, stateDot(session)),
      h(
        "td",
        {},
        h("span", { class: "pill outline" }, session.backend),
        h("div", { class: "dim small" }, session.isolation),
      ),
      h("td", { class: "dim cut", title: session.decision.image?.reason }, imageText(session)),
      h("td", { class: "dim nowrap" }, timeElement(session.createdAt)),
      this.processors,
      this.memory,
      this.processes,
      h(
        "td",
        { class: "row-tools" },
        button("", { icon: "stop", weight: "quiet", label: words.sandboxes.stop(name) }, () => stopDialog(session)),
        button(
          "",
          { icon: "trash", weight: "quiet", label: words.sandboxes.remove(name) },
          () => closeDialog(session, again),
        ),
      ),
    );
  }

  /** A rate needs two readings; the first one shows the time that was used in all. */
  async look(signal: AbortSignal): Promise<void> {
    try {
      const now = await calls.sandboxUsage(this.session.id, signal);
      const spent = this.before && now.at > this.before.at
        ? Math.max(0, now.processorMs - this.before.processorMs) * 100 / (now.at - this.before.at)
        : undefined;
      this.processors.textContent = spent === undefined
        ? words.sandboxes.seconds(now.processorMs / 1000)
        : words.sandboxes.percent(spent);
      this.memory.textContent = sizeText(now.memoryBytes);
      this.processes.textContent = String(now.processes);
      this.before = now;
    } catch (error) {
      if (signal.aborted) return;
      for (const one of [this.processors, this.memory, this.processes]) {
        one.textContent = words.sandboxes.untold;
        one.title = error instanceof APIError ? error.failure.message : "";
      }
    }
  }
}

export function imageText(session: Session): string {
  if (session.image.kind === "default") return session.decision.image?.image ?? words.details.imageDefault;
  return session.image.name ?? pathText(session.image.path ?? "");
}
