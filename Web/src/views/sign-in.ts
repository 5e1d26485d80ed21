import { calls } from "../api/calls.ts";
import { button, failureBox, failureOf, field } from "../dom/controls.ts";
import { h } from "../dom/h.ts";
import { place } from "../router.ts";
import { words } from "../words.ts";

/** For a browser that the server does not know. */
export function signInView(): HTMLElement {
  const trouble = h("div", {});
  const token = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const submit = button(words.signIn.submit, { weight: "main", type: "submit" });
  return h(
    "main",
    { class: "sign-in" },
    h("h1", {}, words.signIn.title),
    place(location.hash).query.has("link") && h("div", { class: "box bad", role: "alert" }, words.signIn.used),
    h("p", {}, words.signIn.text),
    h(
      "form",
      {
        onsubmit: async (event: SubmitEvent) => {
          event.preventDefault();
          submit.disabled = true;
          try {
            const { path } = await calls.login(token.value.trim());
            token.value = "";
            location.assign(path);
          } catch (error) {
            trouble.replaceChildren(failureBox(failureOf(error)));
          } finally {
            submit.disabled = false;
          }
        },
      },
      field(words.signIn.token, token, words.signIn.tokenHint),
      submit,
      trouble,
    ),
  );
}
