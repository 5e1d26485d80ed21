import { calls } from "../api/calls.ts";
import type { Setting } from "../api/types.ts";
import { button, failureBox, failureOf, field, notify, select } from "../dom/controls.ts";
import { showDialog } from "../dom/dialog.ts";
import { freshID, h } from "../dom/h.ts";
import { words } from "../words.ts";

/** Settings as rows that are each saved on their own. */
export function settingRows(settings: Setting[], prefix: string, again: () => void): HTMLElement {
  return h("div", { class: "setting-rows" }, settings.map((one) => row(one, prefix, again)));
}

function row(setting: Setting, prefix: string, again: () => void): HTMLElement {
  const id = freshID();
  const trouble = h("div", {});
  const control = setting.secret ? undefined : input(setting);
  const save = button(words.settings.save, { weight: "main", type: "submit", disabled: true });
  const change = async (value: string | null) => {
    trouble.replaceChildren();
    try {
      await calls.changeSettings({ [setting.name]: value });
      notify(setting.live ? words.settings.saved : words.settings.savedRestart);
      again();
    } catch (error) {
      trouble.replaceChildren(failureBox(failureOf(error)));
    }
  };
  if (control) {
    control.id = id;
    control.disabled = setting.locked !== undefined;
    control.setAttribute("aria-describedby", `${id}-hint`);
    const mark = () => save.disabled = control.value === (setting.value ?? "");
    control.addEventListener("input", mark);
    control.addEventListener("change", mark);
  }
  const isOwn = setting.origin === "file";
  const hints = [
    setting.locked
      ? words.settings.locked(setting.locked)
      : setting.kind === "choice" || setting.kind === "boolean"
      ? ""
      : setting.expects,
    setting.live ? "" : words.backends.restart,
  ].filter((text) => text !== "");
  const origin = setting.value === undefined
    ? words.settings.notSet
    : words.settings.origins[setting.origin] ?? setting.origin;
  return h(
    "form",
    {
      class: "setting",
      "data-setting": setting.name,
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        if (control) void change(control.value);
      },
    },
    h(
      "div",
      { class: "setting-name" },
      control
        ? h("label", { for: id, class: "mono" }, setting.name.slice(prefix.length))
        : h("span", { class: "mono" }, setting.name.slice(prefix.length)),
      h("p", { class: "hint" }, setting.summary),
    ),
    h(
      "div",
      { class: "setting-value" },
      control ?? secretState(setting, again),
      h(
        "p",
        { class: "hint", id: `${id}-hint` },
        h("span", { class: `origin ${setting.origin}`, title: setting.place }, origin),
        hints.map((text) => ` · ${text}`).join(""),
      ),
      trouble,
    ),
    h(
      "div",
      { class: "setting-tools" },
      control && !setting.locked && save,
      isOwn && !setting.locked && button(words.settings.reset, { weight: "quiet" }, () => change(null)),
    ),
  );
}

type Control = HTMLInputElement | HTMLSelectElement;

function input(setting: Setting): Control {
  const value = setting.value ?? "";
  if (setting.kind === "choice" && setting.choices) {
    return select(setting.choices.map((one) => ({ value: one, text: one })), value);
  }
  if (setting.kind === "boolean") {
    return select([
      ...(setting.value === undefined ? [{ value: "", text: words.settings.notSet }] : []),
      { value: "true", text: words.settings.yes },
      { value: "false", text: words.settings.no },
    ], value);
  }
  return h("input", {
    value,
    autocomplete: "off",
    spellcheck: "false",
    inputmode: setting.kind === "integer" ? "numeric" : null,
  });
}

/** A secret shows whether it is there. Its value goes into the sealed store, and the setting refers to it. */
function secretState(setting: Setting, again: () => void): HTMLElement {
  const name = setting.name.replace(/^backends\./, "").replace(/[^A-Za-z0-9_-]/g, "-");
  return h(
    "div",
    { class: "secret-state" },
    h(
      "span",
      { class: `pill ${setting.value === undefined ? "" : "good"}` },
      setting.value === undefined ? words.settings.secretUnset : words.settings.secretSet,
    ),
    setting.value !== undefined && h("code", { class: "dim small cut" }, setting.value),
    !setting.locked && button(words.settings.replace, {}, () => {
      const value = h("input", { type: "password", autocomplete: "new-password", required: true, spellcheck: "false" });
      showDialog({
        title: words.settings.secretTitle(setting.name),
        submit: words.settings.save,
        body: [h("p", { class: "dim" }, words.settings.secretText(name)), field(words.settings.secretValue, value)],
        action: async () => {
          await calls.setSecret(name, value.value);
          value.value = "";
          await calls.changeSettings({ [setting.name]: `secret:${name}` });
          again();
        },
      });
    }),
  );
}
