import { pathText } from "../api/path.ts";
import type { SyncChange, SyncRefusal } from "../api/types.ts";
import { h } from "../dom/h.ts";
import { sizeText } from "../time.ts";
import { words } from "../words.ts";

/** Rows of a list that a page draws; the rest is counted. */
const most = 500;

/** Changes, a row each; undefined where there are none. */
export function changeTable(title: string, changes: SyncChange[], omitted: number): HTMLElement | undefined {
  if (changes.length === 0) return undefined;
  const rest = omitted + Math.max(0, changes.length - most);
  return h(
    "section",
    { class: "change-list" },
    title !== "" && h("h2", {}, title),
    h(
      "table",
      { class: "list", "aria-label": title || words.changes.list },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          [words.changes.what, words.files.path, words.files.size].map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h(
        "tbody",
        {},
        changes.slice(0, most).map((one) =>
          h(
            "tr",
            {},
            h(
              "td",
              {},
              h("span", { class: `pill change-${one.change}` }, words.changes.kinds[one.change] ?? one.change),
            ),
            h("th", { scope: "row", class: "mono small wraps" }, pathText(one.path)),
            h("td", { class: "dim nowrap" }, one.kind === "file" && one.change !== "delete" ? sizeText(one.size) : ""),
          )
        ),
      ),
    ),
    rest > 0 && h("p", { class: "hint" }, words.changes.rest(rest)),
  );
}

/** Paths that are left alone, with the reason; undefined where there are none. */
export function refusalList(title: string, refusals: SyncRefusal[], omitted: number): HTMLElement | undefined {
  if (refusals.length === 0) return undefined;
  const rest = omitted + Math.max(0, refusals.length - most);
  return h(
    "details",
    { class: "change-list" },
    h("summary", {}, title),
    h(
      "ul",
      { class: "refusals" },
      refusals.slice(0, most).map((one) =>
        h(
          "li",
          {},
          h("span", { class: "mono small wraps" }, pathText(one.path)),
          " ",
          h("span", { class: "dim" }, one.reason),
        )
      ),
    ),
    rest > 0 && h("p", { class: "hint" }, words.changes.rest(rest)),
  );
}
