import { calls } from "../api/calls.ts";
import type { Backend, Session } from "../api/types.ts";
import { field, notify, select } from "../dom/controls.ts";
import { showDialog } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { words } from "../words.ts";

/** Asks what a new session shall be like, and opens it. */
export async function openDialog(done: (session: Session) => void): Promise<void> {
  const { backends } = await calls.backends(false);
  const name = h("input", { autocomplete: "off", spellcheck: "false", maxlength: 64 });
  const backend = select([{ value: "", text: words.opening.automatic }, ...backendOptions(backends)], "");
  const reason = h("p", { class: "hint" });
  backend.addEventListener("change", () => {
    reason.textContent = backends.find((one) => one.id === backend.value)?.summary ?? "";
  });
  const image = h("input", { autocomplete: "off", spellcheck: "false" });
  const directory = h("input", { autocomplete: "off", spellcheck: "false", required: true, disabled: true });
  const directoryField = field(words.opening.directory, directory);
  directoryField.hidden = true;
  const kind = select([
    { value: "private", text: words.opening.private },
    { value: "synced", text: words.opening.synced },
    { value: "mounted", text: words.opening.mounted },
  ], "private");
  kind.addEventListener("change", () => {
    directoryField.hidden = kind.value === "private";
    directory.disabled = kind.value === "private";
  });
  const network = select([
    { value: "", text: words.opening.networkDefault },
    { value: "none", text: words.opening.networkNone },
    { value: "open", text: words.opening.networkOpen },
  ], "");
  const number = (step: string) => h("input", { type: "number", min: step, step, inputmode: "decimal" });
  const memory = number("1");
  const processes = number("1");
  const processors = number("0.1");

  showDialog({
    title: words.opening.title,
    submit: words.opening.submit,
    icon: "plus",
    body: [
      field(words.opening.name, name, words.opening.nameHint),
      h(
        "div",
        { class: "pair" },
        h("div", {}, field(words.opening.backend, backend), reason),
        field(words.opening.network, network),
      ),
      field(words.opening.image, image, words.opening.imageHint),
      field(words.opening.workspace, kind),
      directoryField,
      h(
        "details",
        {},
        h("summary", {}, words.opening.limits),
        h(
          "div",
          { class: "triple" },
          field(words.opening.memory, memory),
          field(words.opening.processes, processes),
          field(words.opening.processors, processors),
        ),
      ),
    ],
    action: async () => {
      const limits = {
        ...(memory.value && { memory: Number(memory.value) * (1 << 20) }),
        ...(processes.value && { processes: Number(processes.value) }),
        ...(processors.value && { processors: Number(processors.value) }),
      };
      const session = await calls.open({
        ...(name.value.trim() && { name: name.value.trim() }),
        ...(backend.value && { backend: backend.value }),
        ...(image.value.trim() && { image: { kind: "reference", name: image.value.trim() } }),
        ...(kind.value !== "private" && { workspace: { kind: kind.value, path: directory.value } }),
        ...(network.value && { network: network.value }),
        ...(Object.keys(limits).length > 0 && { limits }),
        // The page shows the session at once, and that its sandbox is being made.
        prepare: false,
      });
      void calls.prepare(session.id).catch((error) => notify(error.failure ?? String(error)));
      done(session);
    },
  });
}

/** Backends as options; what cannot be used is there, with its reason. */
export function backendOptions(backends: Backend[]): { value: string; text: string; disabled: boolean }[] {
  return backends.map((one) => ({
    value: one.id,
    text: one.available ? `${one.name} · ${one.isolation}` : `${one.name}: ${one.reason ?? words.backends.unavailable}`,
    disabled: !one.available,
  }));
}
