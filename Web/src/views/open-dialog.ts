import { calls } from "../api/calls.ts";
import type { Backend, Session } from "../api/types.ts";
import { failureOf, field, notify, select } from "../dom/controls.ts";
import { showDialog } from "../dom/dialog.ts";
import { fill, h } from "../dom/h.ts";
import { words } from "../words.ts";
import { reasonList } from "./details.ts";
import { ImagePicker } from "./image-picker.ts";
import { settled } from "./view.ts";

/** Asks what a new session shall be like, says where it would be and why, and opens it. */
export async function openDialog(done: (session: Session) => void): Promise<void> {
  const { backends } = await calls.backends(false);
  const form = new Wish(backends);
  const over = new AbortController();
  const dialog = showDialog({
    title: words.opening.title,
    submit: words.opening.submit,
    icon: "plus",
    body: form.fields,
    action: async () => {
      // The page shows the session at once, and that its sandbox is being made.
      const session = await calls.open({ ...form.value, prepare: false });
      void calls.prepare(session.id).catch((error) => notify(error.failure ?? String(error)));
      done(session);
    },
  });
  dialog.addEventListener("close", () => over.abort());
  const soon = settled(() => void form.decide(over.signal), over.signal, 250);
  for (const name of ["input", "change"]) dialog.addEventListener(name, soon);
  void form.decide(over.signal);
}

class Wish {
  private readonly name = h("input", { autocomplete: "off", spellcheck: "false", maxlength: 64 });
  private readonly backend: HTMLSelectElement;
  private readonly sandbox: HTMLSelectElement;
  private readonly image: ImagePicker;
  private readonly directory = h("input", {
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    disabled: true,
  });
  private readonly kind = select([
    { value: "private", text: words.opening.private },
    { value: "synced", text: words.opening.synced },
    { value: "mounted", text: words.opening.mounted },
  ], "private");
  private readonly network = select([
    { value: "", text: words.opening.networkDefault },
    { value: "none", text: words.opening.networkNone },
    { value: "open", text: words.opening.networkOpen },
  ], "");
  private readonly memory = number("1");
  private readonly processes = number("1");
  private readonly processors = number("0.1");
  private readonly decision = h("div", { class: "decision", role: "status" });
  readonly fields: HTMLElement[];

  constructor(backends: Backend[]) {
    this.backend = select([{ value: "", text: words.opening.automatic }, ...backendOptions(backends)], "");
    const outside = backends.find((one) => one.isolation === "none");
    this.sandbox = select([
      { value: "", text: words.opening.networkDefault },
      { value: "true", text: words.opening.sandboxOn },
      {
        value: "false",
        text: outside?.available
          ? words.opening.sandboxOff
          : `${words.opening.sandboxOff}: ${outside?.reason ?? words.terminal.hostForbidden}`,
        disabled: outside?.available !== true,
      },
    ], "");
    this.image = new ImagePicker(backends, () => this.backend.value || undefined);
    const directoryField = field(words.opening.directory, this.directory);
    directoryField.hidden = true;
    this.kind.addEventListener("change", () => {
      directoryField.hidden = this.kind.value === "private";
      this.directory.disabled = this.kind.value === "private";
    });
    this.fields = [
      field(words.opening.name, this.name, words.opening.nameHint),
      h(
        "div",
        { class: "pair" },
        field(words.opening.backend, this.backend),
        field(words.opening.network, this.network),
      ),
      this.decision,
      labelled(words.opening.image, this.image, words.opening.imageHint),
      field(words.opening.workspace, this.kind),
      directoryField,
      h(
        "details",
        {},
        h("summary", {}, words.opening.limits),
        field(words.opening.sandbox, this.sandbox),
        h(
          "div",
          { class: "triple" },
          field(words.opening.memory, this.memory),
          field(words.opening.processes, this.processes),
          field(words.opening.processors, this.processors),
        ),
      ),
    ];
  }

  get value(): Record<string, unknown> {
    const limits = {
      ...(this.memory.value && { memory: Number(this.memory.value) * (1 << 20) }),
      ...(this.processes.value && { processes: Number(this.processes.value) }),
      ...(this.processors.value && { processors: Number(this.processors.value) }),
    };
    return {
      ...(this.name.value.trim() && { name: this.name.value.trim() }),
      ...(this.backend.value && { backend: this.backend.value }),
      ...(this.sandbox.value && { sandbox: this.sandbox.value === "true" }),
      ...(this.image.value && { image: { kind: "reference", name: this.image.value } }),
      ...(this.kind.value !== "private" &&
        { workspace: { kind: this.kind.value, path: this.directory.value } }),
      ...(this.network.value && { network: this.network.value }),
      ...(Object.keys(limits).length > 0 && { limits }),
    };
  }

  /** Where the session would be, and why there. */
  async decide(signal: AbortSignal): Promise<void> {
    const wish = this.value;
    // Half a directory's name is no mistake yet.
    if (this.kind.value !== "private" && !this.directory.value.startsWith("/")) delete wish["workspace"];
    try {
      const decision = await calls.decide(wish, signal);
      const chosen = decision.reasons.find((one) => one.backend === decision.chosen);
      fill(
        this.decision,
        h(
          "details",
          {},
          h("summary", {}, words.opening.goes(decision.chosen, decision.isolation, chosen?.reason ?? "")),
          reasonList(decision),
        ),
      );
    } catch (error) {
      if (!signal.aborted) fill(this.decision, h("p", { class: "decision-refusal" }, failureOf(error).message));
    }
  }
}

function number(step: string): HTMLInputElement {
  return h("input", { type: "number", min: step, step, inputmode: "decimal" });
}

/** A picker with its label; the label is the field's, not the list's. */
export function labelled(label: string, picker: ImagePicker, hint: string): HTMLElement {
  const element = field(label, picker.input, hint);
  picker.input.replaceWith(picker.element);
  picker.element.prepend(picker.input);
  return element;
}

/** Backends as options; what cannot be used is there, with its reason. */
export function backendOptions(backends: Backend[]): { value: string; text: string; disabled: boolean }[] {
  return backends.map((one) => ({
    value: one.id,
    text: one.available ? `${one.name} · ${one.isolation}` : `${one.name}: ${one.reason ?? words.backends.unavailable}`,
    disabled: !one.available,
  }));
}
