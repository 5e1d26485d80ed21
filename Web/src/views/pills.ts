import type { Ending, Exec, Outcome, Session } from "../api/types.ts";
import { h } from "../dom/h.ts";
import { harmless } from "../api/path.ts";
import { spanText } from "../time.ts";
import { words } from "../words.ts";

/** A session's state as a dot with its word. */
export function stateDot(session: Session): HTMLElement {
  return h(
    "span",
    { class: `state ${session.state}` },
    h("span", { class: "dot", "aria-hidden": "true" }),
    words.states[session.state] ?? session.state,
  );
}

export function sessionName(session: Session): string {
  return session.name ?? session.id;
}

/** The command as a person would type it. */
export function commandText(exec: Exec): string {
  if (exec.terminal) return words.terminal.label;
  if (exec.shell !== undefined) return harmless(exec.shell.replaceAll("\n", " ↵ "));
  return harmless(
    (exec.arguments ?? []).map((one) =>
      /^[A-Za-z0-9_./:=@%+,-]+$/.test(one) ? one : `'${one.replaceAll("'", "'\\''")}'`
    ).join(" "),
  );
}

/** How a command ended, in words. */
export function outcomeText(ending: Ending): string {
  const text = outcomeWords(ending.outcome, ending);
  return ending.durationMs === undefined ? text : `${text} ${words.outcome.after(spanText(ending.durationMs))}`;
}

function outcomeWords(outcome: Outcome, ending: Ending): string {
  switch (outcome.kind) {
    case "exited":
      return outcome.code === 127 ? words.outcome.notFound : words.outcome.exited(outcome.code ?? ending.exitStatus);
    case "signaled":
      if ((ending.memoryKills ?? 0) > 0) return words.outcome.memory;
      return words.outcome.signaled(words.signals[outcome.signal ?? 0] ?? `signal ${outcome.signal}`);
    case "timed_out":
      return words.outcome.timedOut;
    case "cancelled":
      return words.outcome.cancelled;
    case "lost":
      return words.outcome.lost(outcome.reason ?? "");
  }
}

/** A command's state as a coloured word. */
export function outcomePill(exec: Exec): HTMLElement {
  if (exec.state === "starting") return h("span", { class: "pill busy" }, words.console.starting);
  if (exec.state === "running") return h("span", { class: "pill busy" }, words.console.running);
  if (exec.state === "refused") return h("span", { class: "pill bad" }, words.outcome.refused(exec.failure ?? ""));
  if (!exec.ending) return h("span", { class: "pill" }, exec.state);
  const isGood = exec.ending.outcome.kind === "exited" && exec.ending.outcome.code === 0;
  const isStopped = exec.ending.outcome.kind === "cancelled";
  return h("span", { class: `pill ${isGood ? "good" : isStopped ? "" : "bad"}` }, outcomeText(exec.ending));
}
