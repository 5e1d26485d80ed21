import { calls } from "../api/calls.ts";
import type { Backend, Session, Setting } from "../api/types.ts";
import { button, copyButton, failureOf, notify } from "../dom/controls.ts";
import { fill, h } from "../dom/h.ts";
import { icon } from "../dom/icon.ts";
import { link } from "../router.ts";
import { spanText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { sandboxTable } from "./sandbox-table.ts";
import { isLive } from "./sandboxes.ts";
import { settingRows } from "./setting-row.ts";
import { type Context, when } from "./view.ts";

/** Which of the settings names the backend of new sessions, and the word with which it leaves the choice to the server. */
const defaultSetting = "default_backend";

interface Known {
  backends: Backend[];
  settings: Setting[];
  sessions: Session[];
}

async function known(refresh: boolean): Promise<Known> {
  const [{ backends }, { settings }, { sessions }] = await Promise.all([
    calls.backends(refresh),
    calls.settings(),
    calls.sessions(false),
  ]);
  return { backends, settings, sessions };
}

/** Backends as pills; one of them with all that is known of it. */
export function backendsView(context: Context, tools: HTMLElement, id: string | undefined): HTMLElement {
  const element = h("div", {});
  const load = (refresh: boolean) =>
    element.replaceChildren(when(() => known(refresh), (all) => {
      const one = all.backends.find((backend) => backend.id === id);
      return one ? detail(context.signal, all, one, () => load(false)) : overview(all, () => load(false));
    }, context.signal));
  tools.append(button(words.backends.refresh, { icon: "again" }, () => load(true)));
  load(false);
  return element;
}

function overview({ backends, settings, sessions }: Known, again: () => void): HTMLElement[] {
  const setting = settings.find((one) => one.name === defaultSetting);
  const automatic = setting?.choices?.find((word) => !backends.some((one) => one.id === word));
  const makeDefault = async (value: string) => {
    try {
      await calls.changeSettings({ [defaultSetting]: value });
      again();
    } catch (error) {
      notify(failureOf(error));
    }
  };
  const radio = (value: string, label: string, disabled: boolean) =>
    h("input", {
      type: "radio",
      name: "default",
      value,
      checked: setting?.value === value,
      disabled: disabled || setting?.locked !== undefined,
      "aria-label": label,
      onchange: () => makeDefault(value),
    });
  return [
    h(
      "div",
      { class: "cards", role: "radiogroup", "aria-label": words.backends.makeDefault },
      automatic && h(
        "label",
        { class: `card backend-card ${setting?.value === automatic ? "chosen" : ""}` },
        h(
          "div",
          { class: "backend-head" },
          radio(automatic, words.backends.automatic, false),
          h("strong", {}, words.backends.automatic),
        ),
        h("p", { class: "dim" }, words.backends.automaticText),
        setting?.locked && h("p", { class: "hint" }, words.settings.locked(setting.locked)),
      ),
      backends.map((one) => {
        const isDefault = setting?.value === one.id;
        return h(
          "div",
          {
            class: `card backend-card ${isDefault ? "chosen" : ""} ${one.available ? "" : "off"}`,
            "data-backend": one.id,
          },
          h(
            "div",
            { class: "backend-head" },
            radio(one.id, `${words.backends.makeDefault}: ${one.name}`, !one.available),
            h("a", { href: link(["settings", "backends", one.id]), class: "strong" }, one.name),
            availability(one),
          ),
          h("p", { class: "dim" }, one.summary),
          h(
            "div",
            { class: "pills" },
            h("span", { class: "pill outline" }, one.isolation),
            h(
              "span",
              { class: "pill outline" },
              one.placement === "cloud" && icon("cloud"),
              words.backends[one.placement],
            ),
            one.onlyByName && h("span", { class: "pill outline" }, words.backends.byName),
            isDefault && h("span", { class: "pill good" }, words.backends.default),
            h(
              "span",
              { class: "dim small" },
              words.backends.sandboxes(
                sessions.filter((session) => session.backend === one.id && session.sandbox).length,
              ),
            ),
          ),
          !one.available && remedy(one),
        );
      }),
    ),
  ];
}

function availability(backend: Backend): HTMLElement {
  return backend.available
    ? h("span", { class: "pill good" }, words.backends.available)
    : h("span", { class: "pill bad" }, words.backends.unavailable);
}

function remedy(backend: Backend): HTMLElement {
  return h(
    "div",
    { class: "remedy" },
    h("p", {}, backend.reason),
    backend.remedy &&
      h("div", { class: "remedy-line" }, h("code", {}, backend.remedy), copyButton(() => backend.remedy ?? "")),
  );
}

/** Where a backend's own settings come from; one that needs credentials and has none is not configured. */
function originOf(own: Setting[]): "environment" | "file" | "lacking" | "default" {
  const set = own.filter((one) => one.origin !== "default" && one.value !== undefined);
  if (set.some((one) => one.origin === "environment" || one.origin === "alias")) return "environment";
  if (set.length > 0) return "file";
  return own.some((one) => one.secret) ? "lacking" : "default";
}

function detail(
  signal: AbortSignal,
  { settings, sessions }: Known,
  backend: Backend,
  again: () => void,
): HTMLElement[] {
  const prefix = `backends.${backend.id}.`;
  const own = settings.filter((one) => one.name.startsWith(prefix));
  const answer = h("div", { role: "status" });
  const live = sessions.filter((one) => one.backend === backend.id && isLive(one));
  const test = button(words.backends.test, { icon: "doctor" }, async () => {
    const began = performance.now();
    answer.replaceChildren(h("span", { class: "spinner" }));
    try {
      const now = await calls.probe(backend.id);
      fill(
        answer,
        now.available
          ? h("div", { class: "box good" }, icon("check"), words.backends.works(spanText(performance.now() - began)))
          : h("div", { class: "box bad" }, h("strong", {}, now.reason), now.remedy && h("p", {}, now.remedy)),
      );
    } catch (error) {
      answer.replaceChildren();
      throw error;
    }
  });
  return [
    h(
      "div",
      { class: "card" },
      h(
        "div",
        { class: "backend-head" },
        h("h2", {}, backend.name),
        availability(backend),
        h("span", { class: "pill outline" }, words.backends.origins[originOf(own)]),
        h("div", { class: "grow" }),
        test,
      ),
      h("p", { class: "dim" }, backend.summary),
      !backend.available && remedy(backend),
      answer,
      Object.keys(backend.details).length > 0 &&
        h(
          "dl",
          { class: "details" },
          Object.entries(backend.details).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
        ),
      h("p", { class: "pills" }, backend.capabilities.map((one) => h("span", { class: "pill outline" }, one))),
      h("p", { class: "hint" }, timeElement(backend.probedAt)),
    ),
    live.length > 0 && h(
      "div",
      { class: "card" },
      h("h2", {}, words.backends.sandboxes(live.length)),
      sandboxTable(live, signal, again),
    ),
    h(
      "div",
      { class: "card" },
      h("h2", {}, words.backends.settings),
      own.length === 0 ? h("p", { class: "dim" }, words.backends.noSettings) : settingRows(own, prefix, again),
    ),
  ].filter((one) => one !== false);
}
