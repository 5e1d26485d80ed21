import { calls } from "../api/calls.ts";
import type { Setting } from "../api/types.ts";
import { h } from "../dom/h.ts";
import { settingRows } from "./setting-row.ts";
import { type Context, when } from "./view.ts";

/** Every setting that is not a backend's, by its section in the file. */
export function generalView(context: Context): HTMLElement {
  const element = h("div", {});
  const load = () =>
    element.replaceChildren(when(() => calls.settings(), ({ settings }) => {
      const sections = new Map<string, Setting[]>();
      for (const one of settings) {
        if (one.name.startsWith("backends.")) continue;
        const section = one.name.includes(".") ? one.name.slice(0, one.name.lastIndexOf(".") + 1) : "";
        sections.set(section, [...sections.get(section) ?? [], one]);
      }
      return [...sections].map(([section, all]) =>
        h(
          "div",
          { class: "card" },
          section !== "" && h("h2", { class: "mono" }, `[${section.slice(0, -1)}]`),
          settingRows(all, section, load),
        )
      );
    }, context.signal));
  load();
  return element;
}
