import { followsEnd } from "../dom/follow.ts";
import { h } from "../dom/h.ts";
import { harmless } from "../api/path.ts";
import { words } from "../words.ts";
import { type Look, paletteColour } from "./ansi.ts";
import { type Line, OutputLines } from "./lines.ts";

const rowHeight = 19;
const mostRows = 26;
/** Rows beyond the visible ones, so that scrolling finds them there. */
const spare = 12;

/** Shows output of any length: only the rows that are in sight are in the page. */
export class OutputView {
  readonly element: HTMLElement;
  readonly output = new OutputLines();
  private readonly rows = h("div", { class: "rows" });
  private readonly space = h("div", { class: "space" });
  private readonly note = h("div", { class: "output-note", hidden: true });
  private readonly scroller: HTMLElement;
  private frame = 0;
  private readonly follows: () => boolean;
  private gone = 0;
  private height = 0;

  constructor(label: string) {
    this.space.append(this.rows);
    this.scroller = h("div", { class: "output-scroll", tabindex: 0, role: "log", "aria-label": label }, this.space);
    this.follows = followsEnd(this.scroller);
    this.scroller.addEventListener("scroll", () => this.later(), { passive: true });
    this.element = h("div", { class: "output", hidden: true }, this.note, this.scroller);
  }

  write(stream: "stdout" | "stderr", chunk: { text?: string; base64?: string }): void {
    if (chunk.text !== undefined) this.output.write(stream, chunk.text);
    else if (chunk.base64 !== undefined) {
      this.output.writeBytes(stream, Uint8Array.from(atob(chunk.base64), (one) => one.charCodeAt(0)));
    }
    this.later();
  }

  /** Says that output before this is not shown. */
  skipped(text: string): void {
    this.note.textContent = text;
    this.note.hidden = false;
  }

  private later(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { lines, gone } = this.output;
    this.element.hidden = lines.length === 0;
    const shown = Math.min(lines.length, mostRows);
    if (this.height !== shown) {
      this.height = shown;
      this.scroller.style.height = `${shown * rowHeight + 12}px`;
    }
    this.space.style.height = `${lines.length * rowHeight}px`;
    if (gone !== this.gone) {
      this.skipped(words.console.earlierLines(gone));
      if (!this.follows()) this.scroller.scrollTop -= (gone - this.gone) * rowHeight;
      this.gone = gone;
    }
    if (this.follows()) this.scroller.scrollTop = this.scroller.scrollHeight;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / rowHeight) - spare);
    const last = Math.min(lines.length, first + mostRows + 2 * spare);
    this.rows.style.transform = `translateY(${first * rowHeight}px)`;
    this.rows.replaceChildren(...lines.slice(first, last).map(lineElement));
  }
}

function lineElement(line: Line): HTMLElement {
  return h(
    "div",
    { class: line.isError ? "row error" : "row" },
    line.spans.map(({ text, look }) => {
      const shown = harmless(text.replaceAll("\t", "    "));
      if (Object.keys(look).length === 0) return shown;
      const span = h("span", { class: classes(look) }, shown);
      paint(span, look);
      return span;
    }),
  );
}

function classes(look: Look): string {
  const names: string[] = [];
  if (look.bold) names.push("bold");
  if (look.dim) names.push("faint");
  if (look.italic) names.push("italic");
  if (look.underline) names.push("underline");
  if (look.inverse) names.push("inverse");
  if (typeof look.foreground === "number" && look.foreground < 16) names.push(`fg${look.foreground}`);
  if (typeof look.background === "number" && look.background < 16) names.push(`bg${look.background}`);
  return names.join(" ");
}

/** Colours that no class has. They are assigned as properties: a policy without inline styles lets nothing else. */
function paint(span: HTMLElement, look: Look): void {
  const css = (one: number | string | undefined) =>
    one === undefined || (typeof one === "number" && one < 16)
      ? undefined
      : typeof one === "number"
      ? paletteColour(one)
      : one;
  const [foreground, background] = [css(look.foreground), css(look.background)];
  if (foreground) span.style.color = foreground;
  if (background) span.style.backgroundColor = background;
}
