import { button } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { findAll, type Found } from "../output/terminal-search.ts";
import type { XTerm } from "../output/xterm.ts";
import { words } from "../words.ts";

/** A line above a terminal that looks for text in what it printed, the last first. */
export class TerminalFinder {
  readonly element: HTMLElement;
  private readonly input = h("input", {
    "aria-label": words.terminal.find,
    placeholder: words.terminal.find,
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => this.look(),
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === "Escape") this.close();
      if (event.key === "Enter") this.step(event.shiftKey ? 1 : -1);
    },
  });
  private readonly count = h("span", { class: "dim small nowrap", role: "status" });
  private found: Found[] = [];
  private at = 0;

  constructor(private readonly terminal: XTerm) {
    this.element = h(
      "div",
      { class: "terminal-finder", hidden: true },
      this.input,
      this.count,
      button("", { icon: "up", weight: "quiet", label: words.terminal.earlier }, () => this.step(-1)),
      button("", { icon: "down", weight: "quiet", label: words.terminal.later }, () => this.step(1)),
      button("", { icon: "close", weight: "quiet", label: words.terminal.endFind }, () => this.close()),
    );
  }

  open(): void {
    this.element.hidden = false;
    this.input.select();
    this.input.focus();
    this.look();
  }

  private close(): void {
    this.element.hidden = true;
    this.terminal.clearSelection();
    this.terminal.focus();
  }

  private look(): void {
    this.found = findAll(this.terminal.buffer.active, this.input.value);
    this.at = this.found.length - 1;
    this.show();
  }

  private step(by: number): void {
    if (this.found.length === 0) return this.look();
    this.at = (this.at + by + this.found.length) % this.found.length;
    this.show();
  }

  private show(): void {
    const one = this.found[this.at];
    this.count.textContent = this.input.value === ""
      ? ""
      : one
      ? words.terminal.place(this.at + 1, this.found.length)
      : words.terminal.nowhere;
    if (!one) return this.terminal.clearSelection();
    this.terminal.select(one.column, one.row, one.length);
    this.terminal.scrollToLine(Math.max(0, one.row - Math.floor(this.terminal.rows / 2)));
  }
}
