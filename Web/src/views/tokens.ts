import { calls } from "../api/calls.ts";
import { button, copyButton, emptyBox, field, select } from "../dom/controls.ts";
import { confirm, showDialog } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { timeElement } from "../time.ts";
import { words } from "../words.ts";
import { type Context, when } from "./view.ts";

/** Who may use the server. */
export function tokensView(context: Context, tools: HTMLElement): HTMLElement {
  const element = h("div", {});
  const load = () =>
    element.replaceChildren(when(() => calls.tokens(), ({ tokens }) => {
      if (tokens.length === 0) return emptyBox(words.tokens.empty, words.tokens.emptyText);
      const time = (at: number | undefined) => at === undefined ? words.tokens.never : timeElement(at);
      const heads = [
        words.tokens.name,
        words.tokens.scope,
        words.tokens.created,
        words.tokens.used,
        words.tokens.expires,
      ];
      return h(
        "div",
        { class: "wide" },
        h(
          "table",
          { class: "list" },
          h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)), h("td", {}))),
          h(
            "tbody",
            {},
            tokens.map((one) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, one.name, h("div", { class: "dim mono small" }, one.id)),
                h(
                  "td",
                  {},
                  h("span", { class: "pill outline" }, one.scope),
                  one.session && h("div", { class: "dim mono small" }, one.session),
                ),
                h("td", { class: "dim nowrap" }, time(one.createdAt)),
                h("td", { class: "dim nowrap" }, time(one.lastUsedAt)),
                h("td", { class: "dim nowrap" }, time(one.expiresAt)),
                h(
                  "td",
                  { class: "row-tools" },
                  button(words.tokens.revoke, { weight: "quiet" }, () =>
                    confirm(
                      words.tokens.revokeTitle(one.name),
                      words.tokens.revokeLoss,
                      words.tokens.revoke,
                      async () => {
                        await calls.revokeToken(one.id);
                        load();
                      },
                    )),
                ),
              )
            ),
          ),
        ),
      );
    }, context.signal));
  tools.append(button(words.tokens.create, { icon: "plus", weight: "main" }, () => createDialog(load)));
  load();
  return element;
}

function createDialog(done: () => void): void {
  const name = h("input", { required: true, autocomplete: "off", maxlength: 80 });
  const scope = select(Object.entries(words.tokens.scopes).map(([value, text]) => ({ value, text })), "exec");
  const life = select(Object.entries(words.tokens.lives).map(([value, text]) => ({ value, text })), "2592000000");
  showDialog({
    title: words.tokens.create,
    submit: words.tokens.create,
    body: [field(words.tokens.name, name), field(words.tokens.scope, scope), field(words.tokens.life, life)],
    action: async () => {
      const { credential } = await calls.createToken({
        name: name.value.trim(),
        scope: scope.value,
        ...(life.value !== "0" && { lifeMs: Number(life.value) }),
      });
      showDialog({
        title: words.tokens.create,
        submit: words.tokens.done,
        body: [
          h("p", {}, words.tokens.once),
          h(
            "div",
            { class: "remedy-line" },
            h("code", { class: "credential" }, credential),
            copyButton(() => credential),
          ),
        ],
        action: () => Promise.resolve(done()),
      });
    },
  });
}
