import type { Feed } from "../api/feed.ts";
import { failureBox, failureOf, loading } from "../dom/controls.ts";
import { h } from "../dom/h.ts";

/** What a view is given. */
export interface Context {
  feed: Feed;
  /** Ends when the view is left: everything that it began ends with it. */
  signal: AbortSignal;
}

/** Shows what is asked for when it comes, or why it does not, with a way to ask again. */
export function when<Value>(
  ask: () => Promise<Value>,
  show: (value: Value) => Node | Node[],
  signal: AbortSignal,
): HTMLElement {
  const element = h("div", { class: "when" });
  const attempt = async () => {
    element.replaceChildren(loading());
    try {
      const shown = show(await ask());
      if (!signal.aborted) element.replaceChildren(...(Array.isArray(shown) ? shown : [shown]));
    } catch (error) {
      if (!signal.aborted) element.replaceChildren(failureBox(failureOf(error), attempt));
    }
  };
  void attempt();
  return element;
}

/** Calls at most once in a while, and once more after the last wish. */
export function settled(action: () => void, signal: AbortSignal, delay = 150): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (!signal.aborted) action();
    }, delay);
  };
}
