import { calls } from "../api/calls.ts";
import type { Exec, Session } from "../api/types.ts";
import { button, emptyBox, failureBox, failureOf, loading, notify } from "../dom/controls.ts";
import { followsEnd } from "../dom/follow.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";
import { CommandBlock } from "./command-block.ts";
import { type Context, settled } from "./view.ts";

/** Commands that are shown at first, and that are added by asking for more. */
const atOnce = 30;
/** Blocks whose output is shown without asking. */
const unfolded = 5;

/** Commands and what they print, oldest first, with a line to type the next one. */
export function consoleView(context: Context, session: Session): HTMLElement {
  const list = h("ol", { class: "blocks" });
  const scroller = h("div", { class: "console-scroll", tabindex: -1 }, loading());
  const emptiness = emptyBox(words.console.empty, words.console.emptyText);
  const blocks = new Map<string, CommandBlock>();
  let wanted = atOnce;
  const isOpen = session.state !== "closed" && session.state !== "closing";

  const run = async (wish: Record<string, unknown>) => {
    const exec = await calls.start(session.id, wish);
    show([exec], true);
    toEnd();
  };
  const show = (execs: Exec[], unfold: boolean) => {
    execs.filter((one) => !one.terminal).forEach((exec, index, all) => {
      const known = blocks.get(exec.id);
      if (known) return known.update(exec);
      const block = new CommandBlock(exec, context.signal, isOpen ? run : undefined);
      blocks.set(exec.id, block);
      if (unfold || index >= all.length - unfolded || exec.state === "running") block.unfold();
    });
    emptiness.hidden = blocks.size > 0;
    const ordered = [...blocks.values()].sort((one, other) =>
      one.exec.startedAt - other.exec.startedAt || (one.exec.id < other.exec.id ? -1 : 1)
    );
    ordered.forEach((one, index) => {
      if (list.children[index] !== one.element) list.insertBefore(one.element, list.children[index] ?? null);
    });
  };
  // Who looks at the end goes on looking at the end while output comes; who has scrolled back is left alone.
  const follows = followsEnd(scroller);
  const observer = new ResizeObserver(() => follows() && scroller.scrollTo({ top: scroller.scrollHeight }));
  observer.observe(list);
  context.signal.addEventListener("abort", () => observer.disconnect());
  const toEnd = () => requestAnimationFrame(() => scroller.scrollTo({ top: scroller.scrollHeight }));

  const look = async () => {
    try {
      const { execs } = await calls.execs(session.id, wanted);
      if (context.signal.aborted) return;
      const isFirst = !list.isConnected;
      show(execs, false);
      const older = execs.length >= wanted &&
        button(words.console.older, { weight: "quiet" }, () => {
          wanted = Math.min(1000, wanted * 4);
          return look();
        });
      scroller.replaceChildren(...(older ? [older] : []), emptiness, list);
      if (isFirst) toEnd();
    } catch (error) {
      if (!context.signal.aborted && !list.isConnected) scroller.replaceChildren(failureBox(failureOf(error), look));
    }
  };
  const soon = settled(look, context.signal);
  const unread = context.feed.read((event) =>
    event.session === session.id && event.type.startsWith("exec.") ? soon() : undefined
  );
  context.signal.addEventListener("abort", unread);
  void look();

  if (!isOpen) return h("div", { class: "console" }, scroller);
  return h(
    "div",
    { class: "console" },
    scroller,
    commandLine(run, () => [...blocks.values()].map((one) => one.exec), context.signal),
  );
}

/** Where the next command is typed. Arrow up brings earlier ones back. */
function commandLine(
  run: (wish: Record<string, unknown>) => Promise<void>,
  earlier: () => Exec[],
  signal: AbortSignal,
): HTMLElement {
  const input = h("textarea", {
    rows: 1,
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    "aria-label": words.console.label,
    placeholder: words.console.placeholder,
  });
  let back = 0;
  let draft = "";
  const grow = () => {
    input.rows = Math.min(8, input.value.split("\n").length);
  };
  const submit = async () => {
    const shell = input.value;
    if (shell.trim() === "") return;
    input.value = "";
    back = 0;
    grow();
    try {
      await run({ shell });
    } catch (error) {
      // What was typed must not be lost with it.
      if (input.value === "") input.value = shell;
      grow();
      notify(failureOf(error));
    }
  };
  const recall = (step: number) => {
    const history = earlier().sort((one, other) => other.startedAt - one.startedAt).map((one) => one.shell).filter((
      one,
      index,
      all,
    ) => one !== undefined && one !== all[index - 1]) as string[];
    const next = Math.max(0, Math.min(history.length, back + step));
    if (next === back) return;
    if (back === 0) draft = input.value;
    back = next;
    input.value = back === 0 ? draft : history[back - 1] ?? "";
    grow();
    input.setSelectionRange(input.value.length, input.value.length);
  };
  input.addEventListener("input", grow);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    } else if (event.key === "ArrowUp" && !input.value.slice(0, input.selectionStart).includes("\n")) {
      event.preventDefault();
      recall(1);
    } else if (event.key === "ArrowDown" && !input.value.slice(input.selectionEnd).includes("\n")) {
      event.preventDefault();
      recall(-1);
    }
  });
  queueMicrotask(() => {
    if (!signal.aborted) input.focus({ preventScroll: true });
  });
  return h(
    "form",
    {
      class: "command-line",
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        void submit();
      },
    },
    h("span", { class: "prompt", "aria-hidden": "true" }, "$"),
    input,
    button(words.console.run, { weight: "main", type: "submit" }),
  );
}
