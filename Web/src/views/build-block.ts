import { calls } from "../api/calls.ts";
import { APIError } from "../api/http.ts";
import { pause } from "../api/feed.ts";
import { lines } from "../api/lines.ts";
import type { ImageBuild, ImageBuildEvent } from "../api/types.ts";
import { button, failureBox } from "../dom/controls.ts";
import { fill, h } from "../dom/h.ts";
import { OutputView } from "../output/view.ts";
import { spanText, timeElement } from "../time.ts";
import { words } from "../words.ts";

/** One build with its log, live. */
export class BuildBlock {
  readonly element: HTMLLIElement;
  private readonly head = h("div", { class: "block-head" });
  private readonly body = h("div", { class: "block-body" });
  private readonly log: OutputView;
  private seen = 0;

  constructor(private build: ImageBuild, private readonly signal: AbortSignal, private readonly done: () => void) {
    this.log = new OutputView(words.images.log(this.name));
    this.element = h("li", { class: "block", "data-build": build.id }, this.head, this.body);
    this.draw();
    if (build.state === "running") void this.follow();
  }

  private get name(): string {
    return this.build.name ?? this.build.reference ?? this.build.spec.packages?.join(" ") ?? this.build.id;
  }

  private draw(): void {
    const { build } = this;
    const span = build.endedAt === undefined
      ? ""
      : ` ${words.outcome.after(spanText(build.endedAt - build.startedAt))}`;
    const state = build.built === false
      ? words.images.existed
      : `${words.images.states[build.state] ?? build.state}${span}`;
    const kind = { running: "busy", finished: "good", failed: "bad", cancelled: "" }[build.state];
    fill(
      this.head,
      h("code", { class: "command" }, this.name),
      build.backend && h("span", { class: "pill outline" }, build.backend),
      build.state === "running" &&
        button(words.actions.cancel, { icon: "stop", weight: "danger" }, () => calls.cancelBuild(build.id)),
      h("span", { class: `pill ${kind}` }, state),
      timeElement(build.startedAt),
    );
    if (build.state === "running") this.body.replaceChildren(this.log.element);
    if (build.failure) this.body.append(failureBox(build.failure));
  }

  private async follow(): Promise<void> {
    let attempt = 0;
    while (!this.signal.aborted) {
      try {
        const response = await calls.buildEvents(this.build.id, this.seen, this.signal);
        if (response.body && await this.read(response.body)) return;
        attempt = 0;
      } catch (error) {
        if (this.signal.aborted) return;
        if (error instanceof APIError && !error.isOffline && error.status < 500) {
          this.body.append(failureBox(error.failure));
          return;
        }
      }
      await new Promise((resume) => setTimeout(resume, pause(attempt)));
      attempt += 1;
    }
  }

  /** True when the stream told the end. */
  private async read(body: ReadableStream<Uint8Array>): Promise<boolean> {
    for await (const event of lines<ImageBuildEvent>(body)) {
      if (event.type === "log" && event.line !== undefined) {
        this.seen = event.line;
        this.log.write("stdout", { text: `${event.text ?? ""}\n` });
      } else if (event.type === "skipped") {
        this.log.skipped(words.images.skipped(event.count ?? 0));
      } else if (event.type === "ended" && event.build) {
        this.build = event.build;
        this.draw();
        if (event.build.state === "finished") this.done();
        return true;
      }
    }
    return false;
  }
}
