import { calls } from "../api/calls.ts";
import { button, emptyBox, field } from "../dom/controls.ts";
import { confirm, showDialog } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { timeElement } from "../time.ts";
import { words } from "../words.ts";
import { type Context, when } from "./view.ts";

/** Names of sealed secrets. Values go in and never come out. */
export function secretsView(context: Context, tools: HTMLElement): HTMLElement {
  const element = h("div", {});
  const load = () =>
    element.replaceChildren(when(() => calls.secrets(), ({ secrets }) => {
      if (secrets.length === 0) return emptyBox(words.secrets.empty, words.secrets.emptyText);
      return h(
        "table",
        { class: "list" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, words.secrets.name),
            h("th", { scope: "col" }, words.secrets.changed),
            h("td", {}),
          ),
        ),
        h(
          "tbody",
          {},
          secrets.map((one) =>
            h(
              "tr",
              {},
              h("th", { scope: "row", class: "mono" }, one.name),
              h("td", { class: "dim" }, timeElement(one.changedAt)),
              h(
                "td",
                { class: "row-tools" },
                button(words.secrets.replace, { weight: "quiet" }, () => secretDialog(one.name, load)),
                button("", { icon: "trash", weight: "quiet", label: `${words.actions.remove} ${one.name}` }, () =>
                  confirm(
                    words.secrets.removeTitle(one.name),
                    words.secrets.removeLoss,
                    words.actions.remove,
                    async () => {
                      await calls.removeSecret(one.name);
                      load();
                    },
                  )),
              ),
            )
          ),
        ),
      );
    }, context.signal));
  tools.append(button(words.secrets.add, { icon: "plus", weight: "main" }, () => secretDialog(undefined, load)));
  load();
  return element;
}

function secretDialog(known: string | undefined, done: () => void): void {
  const name = h("input", {
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    value: known ?? "",
    readonly: known !== undefined,
  });
  const value = h("input", { type: "password", required: true, autocomplete: "new-password", spellcheck: "false" });
  showDialog({
    title: known ? words.settings.secretTitle(known) : words.secrets.add,
    submit: words.actions.save,
    body: [field(words.secrets.name, name), field(words.secrets.value, value)],
    action: async () => {
      await calls.setSecret(name.value.trim(), value.value);
      value.value = "";
      done();
    },
  });
}
