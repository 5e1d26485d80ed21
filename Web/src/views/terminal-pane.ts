import { calls } from "../api/calls.ts";
import { pause } from "../api/feed.ts";
import type { StreamEvent } from "../api/types.ts";
import { h } from "../dom/h.ts";
import { type FitAddon, loadXTerm, withAdoptedStyles, type XTerm } from "../output/xterm.ts";
import { OutputView } from "../output/view.ts";
import { words } from "../words.ts";
import { outcomeText } from "./pills.ts";
import { TerminalFinder } from "./terminal-finder.ts";
import { terminalTheme } from "./terminal-theme.ts";

/** What is shown again of a terminal that is taken up. */
const scrollback = 256 << 10;
/** Output that waits to be drawn; beyond it the connection is ended and taken up again, so that a flood holds itself up. */
const mostWaiting = 4 << 20;

/** One terminal: a socket to its exec, which is opened again whenever it breaks. */
export class TerminalPane {
  readonly element: HTMLElement;
  isOver = false;
  private readonly place = h("div", { class: "terminal-place" });
  private readonly status = h("div", { class: "terminal-status", role: "status" }, words.terminal.connecting);
  private terminal: XTerm | undefined;
  private fit: FitAddon | undefined;
  private finder: TerminalFinder | undefined;
  private socket: WebSocket | undefined;
  private waiting = 0;
  private isStarted = false;

  constructor(
    private readonly session: string,
    private readonly exec: string,
    private readonly signal: AbortSignal,
    private readonly changed: () => void,
  ) {
    this.element = h(
      "div",
      { class: "terminal-pane", role: "tabpanel", "aria-label": words.terminal.label },
      this.place,
      this.status,
    );
  }

  show(): void {
    if (this.isStarted) {
      this.fit?.fit();
      this.terminal?.focus();
      return;
    }
    this.isStarted = true;
    void this.start();
  }

  find(): void {
    this.finder?.open();
  }

  async end(): Promise<void> {
    await calls.cancel(this.session, this.exec);
  }

  private async start(): Promise<void> {
    const loaded = await loadXTerm().catch(() => undefined);
    if (this.signal.aborted) return;
    if (!loaded) return this.startPlain();
    const terminal = new loaded.Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: 13,
      lineHeight: 1.25,
      scrollback: 10_000,
      cursorBlink: true,
      screenReaderMode: false,
      theme: terminalTheme(),
      // Links that output makes behind other text would lead elsewhere than they say.
      linkHandler: null,
    });
    this.terminal = terminal;
    const fit = new loaded.FitAddon.FitAddon();
    this.fit = fit;
    terminal.loadAddon(fit);
    if (loaded.WebLinksAddon) {
      terminal.loadAddon(
        new loaded.WebLinksAddon.WebLinksAddon((event, address) => {
          if ((event.ctrlKey || event.metaKey) && /^https?:/.test(address)) {
            open(address, "_blank", "noopener,noreferrer");
          }
        }),
      );
    }
    withAdoptedStyles(() => terminal.open(this.place));
    this.finder = new TerminalFinder(terminal);
    this.element.prepend(this.finder.element);
    const encoder = new TextEncoder();
    terminal.onData((data) => this.send(encoder.encode(data)));
    terminal.onBinary((data) => this.send(Uint8Array.from(data, (one) => one.charCodeAt(0))));
    terminal.onResize(() => this.tellSize());
    terminal.attachCustomKeyEventHandler((event) => this.isOurs(event, terminal));
    const observer = new ResizeObserver(() => this.place.clientHeight > 40 && fit.fit());
    observer.observe(this.place);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const paint = () => terminal.options = { theme: terminalTheme() };
    scheme.addEventListener("change", paint);
    this.signal.addEventListener("abort", () => {
      scheme.removeEventListener("change", paint);
      observer.disconnect();
      this.socket?.close();
      terminal.dispose();
    });
    fit.fit();
    terminal.focus();
    this.connect(0, (bytes) => {
      this.waiting += bytes.length;
      if (this.waiting > mostWaiting) this.socket?.close();
      terminal.write(bytes, () => this.waiting -= bytes.length);
    }, () => terminal.reset());
  }

  /** Copying by the keys that terminals use for it; everything else belongs to what runs. */
  private isOurs(event: KeyboardEvent, terminal: XTerm): boolean {
    if (
      event.type === "keydown" && event.ctrlKey && event.shiftKey && event.code === "KeyC" && terminal.hasSelection()
    ) {
      event.preventDefault();
      void navigator.clipboard.writeText(terminal.getSelection());
      return false;
    }
    if (event.type === "keydown" && event.ctrlKey && event.shiftKey && event.code === "KeyF") {
      event.preventDefault();
      this.find();
      return false;
    }
    // The way out for those who use no mouse.
    return !(event.ctrlKey && event.shiftKey && event.code === "KeyV") && !(event.key === "F6");
  }

  /** Without xterm.js: output as text, and a line to send. */
  private startPlain(): void {
    const view = new OutputView(words.terminal.label);
    const line = h("input", { "aria-label": words.terminal.input, autocomplete: "off", spellcheck: "false" });
    const form = h("form", {
      class: "plain-terminal",
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        this.send(new TextEncoder().encode(line.value + "\n"));
        line.value = "";
      },
    }, line);
    this.place.replaceChildren(h("p", { class: "hint" }, words.terminal.plain), view.element, form);
    this.connect(0, (bytes) => {
      view.element.hidden = false;
      view.output.writeBytes("stdout", bytes);
      view.write("stdout", { text: "" });
    }, () => undefined);
  }

  private send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  private tellSize(): void {
    if (!this.terminal || this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: "resize", columns: this.terminal.cols, rows: this.terminal.rows }));
  }

  private connect(attempt: number, write: (bytes: Uint8Array) => void, fresh: () => void): void {
    const address = new URL(calls.terminalAddress(this.session, this.exec, scrollback), location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let wasOpen = false;
    socket.addEventListener("open", () => {
      wasOpen = true;
      fresh();
      this.waiting = 0;
      this.say("");
      this.tellSize();
    });
    socket.addEventListener("message", (message: MessageEvent<ArrayBuffer | string>) => {
      if (typeof message.data !== "string") return write(new Uint8Array(message.data));
      this.hear(JSON.parse(message.data) as StreamEvent);
    });
    socket.addEventListener("close", () => {
      if (this.isOver || this.signal.aborted) return;
      this.say(words.terminal.lost);
      const next = wasOpen ? 0 : attempt + 1;
      setTimeout(() => !this.signal.aborted && !this.isOver && this.connect(next, write, fresh), pause(next));
    });
  }

  private hear(event: StreamEvent): void {
    if (event.type === "ended") {
      this.isOver = true;
      this.say(`${words.terminal.ended} ${event.ending ? outcomeText(event.ending) : ""}`);
      this.changed();
    } else if (event.type === "error" && event.error) {
      this.isOver = true;
      this.say(event.error.message);
      this.changed();
    }
  }

  private say(text: string): void {
    this.status.textContent = text;
    this.status.hidden = text === "";
  }
}
