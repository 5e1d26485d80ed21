import { calls } from "../api/calls.ts";
import { h } from "../dom/h.ts";
import { icon } from "../dom/icon.ts";
import { link } from "../router.ts";
import { words } from "../words.ts";
import { findingList } from "./doctor.ts";
import { when } from "./view.ts";

/** For a server where nothing was opened yet: what works here, what does not and how to mend it, and the first step. */
export function welcome(signal: AbortSignal, open: HTMLElement): HTMLElement {
  return h(
    "div",
    { class: "welcome" },
    h("h2", {}, words.welcome.title),
    h("p", {}, words.welcome.text),
    when(() => Promise.all([calls.backends(false), calls.doctor()]), ([{ backends }, { findings }]) => {
      const usable = backends.filter((one) => one.available);
      const troubles = findings.filter((one) => one.verdict !== "good");
      return [
        h(
          "div",
          { class: `box ${usable.length > 0 ? "good" : "bad"}` },
          icon(usable.length > 0 ? "check" : "alert"),
          usable.length > 0 ? words.welcome.usable(usable.map((one) => one.name)) : words.welcome.nothing,
        ),
        h(
          "div",
          { class: "welcome-tools" },
          open,
          h("a", { href: link(["settings", "backends"]) }, words.welcome.choose),
        ),
        ...(troubles.length > 0
          ? [
            h(
              "details",
              { open: usable.length === 0 },
              h("summary", {}, words.welcome.more(troubles.length)),
              findingList(troubles),
            ),
          ]
          : []),
      ];
    }, signal),
  );
}
