import { calls } from "../api/calls.ts";
import type { Backend, ImageList } from "../api/types.ts";
import { button, failureBox, failureOf } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";
import { ImagePicker } from "./image-picker.ts";

/** The image of new sandboxes, of each backend that can choose one. */
export function defaultImages(list: ImageList, backends: Backend[], again: () => void): HTMLElement {
  return h(
    "div",
    { class: "card" },
    h("h2", {}, words.images.defaults),
    h("p", { class: "hint" }, words.images.defaultsText),
    h("div", { class: "setting-rows" }, list.defaults.map((one) => row(one, backends, again))),
  );
}

function row(known: ImageList["defaults"][number], backends: Backend[], again: () => void): HTMLElement {
  const { backend, image, reason, origin } = known;
  const trouble = h("div", {});
  const change = async (value: string | undefined) => {
    trouble.replaceChildren();
    try {
      await calls.setDefaultImage(value, backend);
      again();
    } catch (error) {
      trouble.replaceChildren(failureBox(failureOf(error)));
    }
  };
  const picker = new ImagePicker(backends, () => backend);
  picker.input.value = image ?? "";
  picker.input.setAttribute("aria-label", words.images.choose(backend));
  picker.input.placeholder = words.images.builtIn;
  const save = button(words.images.set, { weight: "main", type: "submit", disabled: true });
  const mark = () => save.disabled = picker.value === (image ?? "") || picker.value === "";
  for (const name of ["input", "change"]) picker.input.addEventListener(name, mark);
  return h(
    "form",
    {
      class: "setting",
      "data-default-image": backend,
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        void change(picker.value);
      },
    },
    h("div", { class: "setting-name" }, h("span", { class: "mono" }, backend), h("p", { class: "hint" }, reason)),
    h("div", { class: "setting-value" }, picker.element, trouble),
    h(
      "div",
      { class: "setting-tools" },
      save,
      origin === "backend" && button(words.images.forget, { weight: "quiet" }, () => change(undefined)),
    ),
  );
}
