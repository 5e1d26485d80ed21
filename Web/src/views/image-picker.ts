import { calls } from "../api/calls.ts";
import type { Backend, ImageList } from "../api/types.ts";
import { freshID, h } from "../dom/h.ts";
import { words } from "../words.ts";

/** What a backend that builds images says that it can do. */
export const building = "image-build";

/** Rows that are shown at once; typing narrows them down. */
const mostShown = 40;

interface Choice {
  name: string;
  text: string;
  /** Why it cannot be chosen. */
  reason?: string | undefined;
}

/** A field for an image, with those that are known below it. What cannot be used on the chosen backend is grey and says why. */
export class ImagePicker {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private choices: Choice[] = [];
  private shown: Choice[] = [];
  private at = -1;
  private images: ImageList | undefined;

  /** `backend` answers with the chosen one; nothing where the server chooses. */
  constructor(private readonly backends: Backend[], private readonly backend: () => string | undefined) {
    const id = freshID();
    this.list = h("ul", { id, class: "picker-list", role: "listbox", "aria-label": words.images.known, hidden: true });
    this.input = h("input", {
      autocomplete: "off",
      spellcheck: "false",
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-autocomplete": "list",
      onfocus: () => void this.open(),
      oninput: () => void this.open(),
      onblur: () => this.close(),
      onkeydown: (event: KeyboardEvent) => this.press(event),
    });
    this.element = h("div", { class: "picker" }, this.input, this.list);
  }

  get value(): string {
    return this.input.value.trim();
  }

  private async open(): Promise<void> {
    this.images ??= await calls.images(false).catch(() => undefined);
    if (!this.images || document.activeElement !== this.input) return;
    this.choices = choicesOf(this.images, this.backends, this.backend());
    const wanted = this.input.value.trim().toLowerCase();
    this.shown = this.choices.filter((one) => `${one.name} ${one.text}`.toLowerCase().includes(wanted)).slice(
      0,
      mostShown,
    );
    this.at = -1;
    this.draw();
  }

  private draw(): void {
    this.list.replaceChildren(...this.shown.map((one, index) => {
      const isOff = one.reason !== undefined;
      const id = `${this.list.id}-${index}`;
      return h(
        "li",
        {
          id,
          role: "option",
          "aria-selected": String(index === this.at),
          "aria-disabled": isOff ? "true" : null,
          // Before the field loses the focus, which closes the list.
          onmousedown: (event: MouseEvent) => {
            event.preventDefault();
            if (!isOff) this.choose(one);
          },
        },
        h("span", { class: "mono" }, one.name),
        h("span", { class: "dim small" }, one.reason ?? one.text),
      );
    }));
    this.list.hidden = this.shown.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    if (this.at >= 0) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  private choose(one: Choice): void {
    this.input.value = one.name;
    this.close();
    this.input.dispatchEvent(new Event("change"));
  }

  private press(event: KeyboardEvent): void {
    if (this.list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && this.shown[this.at]) {
      event.preventDefault();
      this.choose(this.shown[this.at] as Choice);
    } else if (event.key === "Escape") {
      // The first one closes the list, and only the next one the dialog.
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  private step(by: number): void {
    for (let next = this.at + by; next >= 0 && next < this.shown.length; next += by) {
      if (this.shown[next]?.reason !== undefined) continue;
      this.at = next;
      return this.draw();
    }
  }
}

/** Package sets, saved names and built images, with the reason where a backend cannot use one. */
export function choicesOf(images: ImageList, backends: Backend[], chosen: string | undefined): Choice[] {
  const one = backends.find((backend) => backend.id === chosen);
  const builds = one
    ? one.capabilities.includes(building)
    : backends.some((backend) => backend.available && backend.capabilities.includes(building));
  const lacking = builds ? undefined : one ? words.images.cannotBuild(one.name) : words.images.nobodyBuilds;
  return [
    ...images.saved.map(({ name, spec }) => ({
      name: `@${name}`,
      text: spec.packages?.join(" ") ?? "",
      reason: lacking,
    })),
    ...images.sets.map(({ name, summary }) => ({ name: `@${name}`, text: summary, reason: lacking })),
    ...images.images.map(({ reference, backend, packages }) => {
      const home = backends.find((known) => known.id === backend);
      const reason = one && one.id !== backend
        ? words.images.builtFor(home?.name ?? backend)
        : home?.available === false
        ? home.reason
        : undefined;
      return { name: reference, text: packages.join(" "), reason };
    }),
  ];
}
