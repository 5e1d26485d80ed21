import { calls } from "../api/calls.ts";
import { h } from "../dom/h.ts";
import { hasXTerm } from "../output/xterm.ts";
import { sizeText } from "../time.ts";
import { words } from "../words.ts";
import { type Context, when } from "./view.ts";

/** What this server is, and where more is told. */
export function aboutView(context: Context): HTMLElement {
  return when(() => Promise.all([calls.health(), calls.usage(), calls.backends(false)]), ([health, usage, known]) => {
    const open = Object.values(usage.sessions).reduce((sum, one) => sum + one, 0);
    const rows: [string, Node | string][] = [
      [words.about.version, health.version],
      [words.about.server, location.origin],
      [words.about.backends, known.backends.filter((one) => one.available).map((one) => one.name).join(", ")],
      [words.about.sessions, words.about.running(open, usage.runningExecs)],
      [words.about.room, words.doctor.room(sizeText(usage.freeBytes), sizeText(usage.dataBytes))],
      [words.about.terminal, hasXTerm() ? words.about.xterm : words.terminal.plain],
      [words.about.api, h("a", { href: "/v1/openapi.json" }, "/v1/openapi.json")],
      [words.about.metrics, h("a", { href: "/v1/metrics" }, "/v1/metrics")],
    ];
    return h(
      "div",
      { class: "card" },
      h(
        "dl",
        { class: "details" },
        rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
      ),
      h("p", { class: "hint" }, words.about.text),
    );
  }, context.signal);
}
