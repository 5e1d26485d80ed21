import { calls } from "../api/calls.ts";
import type { ImageBuild, PackageReport } from "../api/types.ts";
import { button, field, select } from "../dom/controls.ts";
import { showDialog } from "../dom/dialog.ts";
import { fill, h } from "../dom/h.ts";
import { words } from "../words.ts";
import { building } from "./image-picker.ts";
import { backendOptions } from "./open-dialog.ts";

/** Asks what shall be built, says on request what of it the base has, and begins the build. */
export async function buildDialog(done: (build: ImageBuild) => void): Promise<void> {
  const { backends } = await calls.backends(false);
  const packages = h("textarea", { rows: 3, required: true, spellcheck: "false", autocapitalize: "off" });
  const base = h("input", { autocomplete: "off", spellcheck: "false" });
  const name = h("input", { autocomplete: "off", spellcheck: "false", maxlength: 64 });
  const backend = select([
    { value: "", text: words.images.anyBackend },
    ...backendOptions(backends.filter((one) => one.capabilities.includes(building))),
  ], "");
  const wish = () => ({
    packages: packages.value.split(/[\s,]+/).filter((one) => one !== ""),
    ...(base.value.trim() && { base: base.value.trim() }),
    ...(backend.value && { backend: backend.value }),
  });
  const report = h("div", { role: "status" });
  const check = button(words.images.check, { icon: "check" }, async () => {
    if (!packages.reportValidity()) return;
    fill(report, h("span", { class: "spinner" }));
    try {
      fill(report, reportOf(await calls.checkPackages(wish())));
    } catch (error) {
      fill(report);
      throw error;
    }
  });
  showDialog({
    title: words.images.build,
    submit: words.images.build,
    icon: "plus",
    body: [
      field(words.images.packages, packages, words.images.packagesHint),
      h(
        "div",
        { class: "pair" },
        field(words.images.base, base, words.images.baseHint),
        field(words.images.backend, backend),
      ),
      field(words.images.name, name, words.images.nameHint),
      h("div", {}, check),
      report,
    ],
    action: async () => {
      done(await calls.build({ ...wish(), ...(name.value.trim() && { name: name.value.trim() }) }));
    },
  });
}

function reportOf(report: PackageReport): HTMLElement {
  return h(
    "ul",
    { class: "reasons" },
    report.entries.map((one) =>
      h(
        "li",
        {},
        h("code", {}, one.name),
        h(
          "span",
          { class: `pill ${one.verdict === "installed" ? "good" : one.verdict === "unavailable" ? "bad" : ""}` },
          words.images.verdicts[one.verdict] ?? one.verdict,
        ),
      )
    ),
  );
}
