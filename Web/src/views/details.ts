import { pathText } from "../api/path.ts";
import type { Decision, Session } from "../api/types.ts";
import { copyButton } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";

/** All that is known of a session, and why it is where it is. */
export function detailsView(session: Session): HTMLElement {
  const limits = [
    session.limits.memory && `${words.opening.memory}: ${sizeText(session.limits.memory)}`,
    session.limits.processes && `${words.opening.processes}: ${session.limits.processes}`,
    session.limits.processors && `${words.opening.processors}: ${session.limits.processors}`,
  ].filter(Boolean).join(", ");
  const mono = (text: string) => h("code", {}, text);
  const rows: [string, Node | string | undefined][] = [
    [words.details.id, h("span", {}, mono(session.id), copyButton(() => session.id))],
    [words.details.sandbox, session.sandbox && mono(session.sandbox)],
    [words.details.isolation, session.isolation],
    [words.details.floor, session.floor],
    [
      words.details.workspace,
      h("span", {}, session.workspace.kind, " ", session.workspace.path && mono(pathText(session.workspace.path))),
    ],
    [words.details.workspacePath, session.workspacePath && mono(pathText(session.workspacePath))],
    [words.details.home, session.home],
    [words.details.network, session.network],
    [words.details.limits, limits || words.details.none],
    [words.details.created, timeElement(session.createdAt)],
    [words.details.expires, session.expiresAt ? timeElement(session.expiresAt) : words.details.never],
  ];
  return h(
    "div",
    { class: "columns" },
    h(
      "dl",
      { class: "card details" },
      rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
    h(
      "div",
      { class: "card" },
      h("h2", {}, words.session.routing),
      h("p", { class: "dim" }, session.decision.isAutomatic ? words.session.automatic : words.session.byName),
      reasonList(session.decision),
    ),
  );
}

/** What was found about each backend. */
export function reasonList(decision: Decision): HTMLElement {
  return h(
    "ul",
    { class: "reasons" },
    decision.reasons.map((one) =>
      h(
        "li",
        {},
        h("span", { class: `pill ${one.verdict === "chosen" ? "good" : ""}` }, one.verdict),
        h("span", {}, h("strong", {}, one.backend), " ", h("span", { class: "dim" }, one.reason)),
      )
    ),
  );
}
