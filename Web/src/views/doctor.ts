import { calls } from "../api/calls.ts";
import type { Finding } from "../api/types.ts";
import { button, copyButton } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { icon } from "../dom/icon.ts";
import { sizeText } from "../time.ts";
import { words } from "../words.ts";
import { type Context, when } from "./view.ts";

/** What is missing on the server's machine, and how to mend it. */
export function doctorView(context: Context, tools: HTMLElement): HTMLElement {
  const element = h("div", {});
  const load = () =>
    element.replaceChildren(
      when(() => Promise.all([calls.doctor(), calls.usage()]), ([{ findings }, usage]) => [
        h("p", { class: "hint" }, words.doctor.room(sizeText(usage.freeBytes), sizeText(usage.dataBytes))),
        findingList(findings),
      ], context.signal),
    );
  tools.append(button(words.doctor.again, { icon: "again" }, load));
  load();
  return element;
}

export function findingList(findings: Finding[]): HTMLElement {
  return h(
    "ul",
    { class: "findings" },
    findings.map((one) =>
      h(
        "li",
        { class: `card ${one.verdict}` },
        h(
          "div",
          { class: "backend-head" },
          icon(one.verdict === "good" ? "check" : "alert"),
          h("strong", {}, one.subject),
          h(
            "span",
            { class: `pill ${one.verdict === "good" ? "good" : one.verdict === "broken" ? "bad" : ""}` },
            words.doctor.verdicts[one.verdict] ?? one.verdict,
          ),
        ),
        h("p", { class: "dim" }, one.message),
        one.remedy && h(
          "div",
          { class: "remedy-line" },
          h("code", {}, one.remedy),
          copyButton(() => one.remedy ?? ""),
        ),
      )
    ),
  );
}
