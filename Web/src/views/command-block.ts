import { calls } from "../api/calls.ts";
import { APIError } from "../api/http.ts";
import { pause } from "../api/feed.ts";
import { lines } from "../api/lines.ts";
import type { Exec, Offsets, StreamEvent } from "../api/types.ts";
import { button, copyButton, failureBox } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { OutputView } from "../output/view.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { commandText, outcomePill } from "./pills.ts";

/** Output that a page fetches of a command that it did not see from its start. All of it can be downloaded. */
const mostFetched = 1 << 20;

/** One command with what it prints, live. */
export class CommandBlock {
  readonly element: HTMLLIElement;
  private readonly head = h("div", { class: "block-head" });
  private readonly body = h("div", { class: "block-body" });
  private readonly output: OutputView;
  private readonly status = h("span", { class: "dim small", role: "status" });
  private isUnfolded = false;

  constructor(
    public exec: Exec,
    private readonly signal: AbortSignal,
    private readonly run: ((wish: Record<string, unknown>) => Promise<void>) | undefined,
  ) {
    this.output = new OutputView(words.console.output(commandText(exec)));
    this.element = h("li", { class: "block", "data-exec": exec.id }, this.head, this.body);
    this.draw();
  }

  update(exec: Exec): void {
    if (this.exec.state === exec.state) return;
    this.exec = exec;
    this.draw();
  }

  /** Shows the output, and goes on with it while there is more to come. */
  unfold(): void {
    if (this.isUnfolded) return;
    this.isUnfolded = true;
    this.body.replaceChildren(this.output.element);
    void this.follow();
  }

  private draw(): void {
    const { exec } = this;
    const isOver = exec.state === "ended" || exec.state === "refused";
    const stop = !isOver &&
      button(words.console.stop, { icon: "stop", weight: "danger" }, () => calls.cancel(exec.session, exec.id));
    const again = isOver && this.run &&
      button("", { icon: "again", weight: "quiet", label: words.console.again }, () => this.run?.(wish(exec)));
    const hasOutput = exec.available.stdout + exec.available.stderr > 0;
    this.head.replaceChildren(
      h("span", { class: "prompt", "aria-hidden": "true" }, "$"),
      h("code", { class: "command" }, exec.shell ?? commandText(exec)),
      this.status,
      ...(stop ? [stop] : []),
      outcomePill(exec),
      timeElement(exec.startedAt),
      h(
        "span",
        { class: "block-tools" },
        ...(again ? [again] : []),
        copyButton(() => this.output.output.text),
        isOver && hasOutput && this.download(),
      ),
    );
    if (isOver && exec.ending && exec.ending.survivors > 0) {
      this.status.textContent = words.outcome.survivors(exec.ending.survivors);
    }
    if (!this.isUnfolded && hasOutput) {
      this.body.replaceChildren(button(words.console.show, { weight: "quiet" }, () => this.unfold()));
    }
  }

  private download(): HTMLAnchorElement {
    const stream = this.exec.available.stdout > 0 ? "stdout" : "stderr";
    const link = h("a", {
      class: "button quiet bare",
      href: calls.outputAddress(this.exec.session, this.exec.id, stream),
      download: `${this.exec.id}.${stream}.txt`,
      "aria-label": words.console.download,
      title: words.console.download,
    });
    link.append(button("", { icon: "download", label: words.console.download }).firstElementChild ?? "");
    return link;
  }

  /** Reads on from where the connection broke, until the command is over or the view is left. */
  private async follow(): Promise<void> {
    if (this.exec.state === "refused") return;
    const offsets = this.beginning();
    let attempt = 0;
    while (!this.signal.aborted) {
      try {
        const response = await calls.execEvents(this.exec.session, this.exec.id, offsets, this.signal);
        if (this.exec.state !== "ended") this.status.textContent = "";
        if (response.body && await this.read(response.body, offsets)) return await this.settle();
        attempt = 0;
      } catch (error) {
        if (this.signal.aborted) return;
        if (error instanceof APIError && !error.isOffline && error.status < 500) {
          this.body.replaceChildren(failureBox(error.failure));
          return;
        }
      }
      this.status.textContent = words.console.reconnecting;
      await new Promise((resume) => setTimeout(resume, pause(attempt)));
      attempt += 1;
    }
  }

  private beginning(): Offsets {
    const { available, dropped } = this.exec;
    const offsets = {
      stdout: Math.max(0, available.stdout - dropped.stdout - mostFetched),
      stderr: Math.max(0, available.stderr - dropped.stderr - mostFetched),
    };
    const skipped = offsets.stdout + offsets.stderr;
    if (skipped > 0) this.output.skipped(words.console.earlierBytes(sizeText(skipped)));
    return offsets;
  }

  /** True when the stream told the end. */
  private async read(body: ReadableStream<Uint8Array>, offsets: Offsets): Promise<boolean> {
    for await (const event of lines<StreamEvent>(body)) {
      if (event.type === "output" && event.stream && event.offset !== undefined) {
        if (this.exec.state === "starting") this.update({ ...this.exec, state: "running" });
        this.output.write(event.stream, event);
        offsets[event.stream] = event.offset + length(event);
      } else if (event.type === "ended" && event.ending) {
        this.exec = { ...this.exec, state: "ended", ending: event.ending, available: { ...offsets } };
        this.draw();
        return true;
      }
    }
    return false;
  }

  /** The record says what the stream does not: how much was printed and not kept. */
  private async settle(): Promise<void> {
    const record = await calls.exec(this.exec.session, this.exec.id).catch(() => undefined);
    if (!record || this.signal.aborted) return;
    this.exec = record;
    this.draw();
    const lost = record.dropped.stdout + record.dropped.stderr;
    if (lost > 0) this.output.skipped(words.console.notKept(sizeText(lost)));
  }
}

const encoder = new TextEncoder();

/** Bytes of a piece of output. */
function length(event: StreamEvent): number {
  if (event.text !== undefined) return encoder.encode(event.text).length;
  const text = event.base64 ?? "";
  return text.length / 4 * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
}

function wish(exec: Exec): Record<string, unknown> {
  return {
    ...(exec.shell === undefined ? { arguments: exec.arguments } : { shell: exec.shell }),
    ...(exec.directory !== undefined && { directory: exec.directory }),
  };
}
