import type { Screen } from "./terminal-search.ts";

/** The part of xterm.js that the page uses. It comes as a file of its own, which is loaded with the first terminal. */
export interface XTerm {
  readonly cols: number;
  readonly rows: number;
  options: { theme?: Record<string, string> };
  open(parent: HTMLElement): void;
  write(data: Uint8Array | string, done?: () => void): void;
  focus(): void;
  dispose(): void;
  reset(): void;
  loadAddon(addon: object): void;
  onData(listener: (data: string) => void): unknown;
  onBinary(listener: (data: string) => void): unknown;
  onResize(listener: (size: { cols: number; rows: number }) => void): unknown;
  attachCustomKeyEventHandler(handler: (event: KeyboardEvent) => boolean): void;
  hasSelection(): boolean;
  getSelection(): string;
  readonly buffer: { readonly active: Screen };
  select(column: number, row: number, length: number): void;
  clearSelection(): void;
  scrollToLine(row: number): void;
}

export interface FitAddon {
  fit(): void;
}

interface Loaded {
  Terminal: new (options: Record<string, unknown>) => XTerm;
  FitAddon: { FitAddon: new () => FitAddon };
  WebLinksAddon?: { WebLinksAddon: new (handler: (event: MouseEvent, address: string) => void) => object };
}

let loading: Promise<Loaded | undefined> | undefined;

/** Whether the page was built with xterm.js. */
export function hasXTerm(): boolean {
  return Boolean(document.querySelector<HTMLScriptElement>("script[data-terminal]")?.dataset["terminal"]);
}

/** xterm.js, or nothing where the page was built without it. */
export function loadXTerm(): Promise<Loaded | undefined> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Loaded | undefined> {
  const { terminal, terminalStyle } = document.querySelector<HTMLScriptElement>("script[data-terminal]")?.dataset ?? {};
  if (!terminal || !terminalStyle) return undefined;
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = `/assets/${terminalStyle}`;
  document.head.append(style);
  letCellsHaveColours();
  await import(`/assets/${terminal}`);
  return globalThis as unknown as Loaded;
}

/**
 * xterm.js writes colours that no class stands for, such as those of a selection or of 24 bits, into the style attributes of its cells, which are
 * spans. The page's policy refuses such attributes, and lets in the same by the style object.
 */
function letCellsHaveColours(): void {
  const set = Element.prototype.setAttribute;
  HTMLSpanElement.prototype.setAttribute = function (name: string, value: string) {
    if (name === "style") this.style.cssText = value;
    else set.call(this, name, value);
  };
}

/**
 * Does something during which every style element that is made is a style sheet made by script: xterm.js writes its measures into style elements,
 * which the page's policy does not let any text become.
 */
export function withAdoptedStyles(action: () => void): void {
  const make = document.createElement.bind(document);
  document.createElement =
    ((tag: string, options?: ElementCreationOptions) =>
      tag === "style" ? adoptedStyle(make("sandlot-style")) : make(tag, options)) as typeof document.createElement;
  try {
    action();
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
}

function adoptedStyle(element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", { set: (text: string) => sheet.replaceSync(text), get: () => "" });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return element;
}
