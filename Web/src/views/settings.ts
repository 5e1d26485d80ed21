import { link } from "../router.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";
import { aboutView } from "./about.ts";
import { backendsView } from "./backends.ts";
import { doctorView } from "./doctor.ts";
import { generalView } from "./general.ts";
import { imagesView } from "./images.ts";
import { sandboxesView } from "./sandboxes.ts";
import { secretsView } from "./secrets.ts";
import { tokensView } from "./tokens.ts";
import type { Context } from "./view.ts";

const pages = {
  backends: { words: words.backends, view: backendsView },
  sandboxes: { words: words.sandboxes, view: sandboxesView },
  images: { words: words.images, view: imagesView },
  general: { words: words.settings, view: generalView },
  secrets: { words: words.secrets, view: secretsView },
  tokens: { words: words.tokens, view: tokensView },
  doctor: { words: words.doctor, view: doctorView },
  about: { words: words.about, view: aboutView },
};

/** One page of the settings. */
export function settingsView(context: Context, steps: string[]): HTMLElement {
  const [name = "backends", second] = steps;
  const page = Object.hasOwn(pages, name) ? pages[name as keyof typeof pages] : pages.backends;
  const tools = h("div", { class: "view-tools" });
  return h(
    "section",
    { class: "view settings" },
    h(
      "header",
      { class: "view-head" },
      h(
        "h1",
        {},
        second && name === "backends"
          ? h("a", { href: link(["settings", "backends"]) }, page.words.title)
          : page.words.title,
      ),
      second && name === "backends" && h("span", { class: "count" }, `/ ${second}`),
      h("div", { class: "grow" }),
      tools,
    ),
    h("p", { class: "intro" }, page.words.intro),
    page.view(context, tools, second),
  );
}
