import { APIError, send } from "./http.ts";
import { lines } from "./lines.ts";
import type { Event as ServerEvent } from "./types.ts";

/** How long to wait before the next attempt: longer with each that failed. */
export function pause(attempt: number): number {
  return Math.min(500 * 2 ** attempt, 10_000);
}

export type FeedState = "connecting" | "live" | "offline";

/**
 * The server's one feed of events, taken up again behind the last one whenever it breaks. Hidden pages let go of their connection: a browser
 * has few of them for one server, and shares them among its tabs.
 */
export class Feed {
  private readonly readers = new Set<(event: ServerEvent) => void>();
  private readonly watchers = new Set<(state: FeedState) => void>();
  private last: number | undefined;
  private state: FeedState = "connecting";
  private current: AbortController | undefined;
  private running = false;

  start(): void {
    if (this.running) return;
    this.running = true;
    document.addEventListener("visibilitychange", this.look);
    globalThis.addEventListener("online", this.look);
    this.look();
  }

  stop(): void {
    this.running = false;
    document.removeEventListener("visibilitychange", this.look);
    globalThis.removeEventListener("online", this.look);
    this.current?.abort();
    this.current = undefined;
  }

  /** Tells of every event until the answer is called. */
  read(reader: (event: ServerEvent) => void): () => void {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  }

  watch(watcher: (state: FeedState) => void): () => void {
    this.watchers.add(watcher);
    watcher(this.state);
    return () => this.watchers.delete(watcher);
  }

  private readonly look = () => {
    if (document.hidden) {
      this.current?.abort();
      this.current = undefined;
    } else if (this.running && !this.current) {
      this.current = new AbortController();
      void this.follow(this.current.signal);
    }
  };

  private become(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    for (const watcher of this.watchers) watcher(state);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!signal.aborted) {
      try {
        const query = this.last === undefined ? { tail: 1 } : { after: this.last };
        const response = await send("/v1/events", { query, signal, endless: true });
        this.become("live");
        if (!response.body) return;
        // The first one of the tail is old: it only tells where the feed stands.
        let isOld = this.last === undefined;
        for await (const event of lines<ServerEvent>(response.body)) {
          attempt = 0;
          if (event.sequence === undefined) {
            isOld = false;
            continue;
          }
          this.last = event.sequence;
          if (!isOld || Date.now() - event.at < 2000) { for (const reader of this.readers) reader(event); }
          isOld = false;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof APIError && error.isSignedOut) return;
      }
      this.become("offline");
      await new Promise((resume) => setTimeout(resume, pause(attempt)));
      attempt += 1;
    }
  }
}
