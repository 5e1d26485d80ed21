import { calls } from "../api/calls.ts";
import type { Backend, BuiltImage, ImageBuild, ImageList } from "../api/types.ts";
import { button, emptyBox, failureOf, notify } from "../dom/controls.ts";
import { confirm } from "../dom/dialog.ts";
import { h } from "../dom/h.ts";
import { sizeText, timeElement } from "../time.ts";
import { words } from "../words.ts";
import { defaultImages } from "./default-images.ts";
import { BuildBlock } from "./build-block.ts";
import { buildDialog } from "./build-dialog.ts";
import { type Context, when } from "./view.ts";

/** Builds that are shown; the server keeps no more than it was asked for lately. */
const mostBuilds = 10;

/** Built images, what they take, and builds as they go on. */
export function imagesView(context: Context, tools: HTMLElement): HTMLElement {
  const builds = h("ol", { class: "blocks builds", "aria-label": words.images.builds });
  const images = h("div", {});
  const load = () =>
    images.replaceChildren(when(
      () => Promise.all([calls.images(true), calls.backends(false)]),
      ([list, { backends }]) => page(list, backends, load),
      context.signal,
    ));
  const begin = (one: ImageBuild) => builds.prepend(new BuildBlock(one, context.signal, load).element);
  calls.builds().then(
    ({ builds: known }) => context.signal.aborted || known.slice(-mostBuilds).forEach(begin),
    (error) => notify(failureOf(error)),
  );
  tools.append(
    button(words.images.prune, { icon: "trash" }, () => prune(load)),
    button(words.images.build, { icon: "plus", weight: "main" }, () => buildDialog(begin)),
  );
  load();
  return h("div", {}, builds, images);
}

function page(list: ImageList, backends: Backend[], again: () => void): HTMLElement[] {
  return [
    ...list.problems.map((text) => h("div", { class: "box bad", role: "alert" }, text)),
    list.images.length === 0
      ? emptyBox(words.images.empty, words.images.emptyText)
      : h("div", { class: "wide" }, table(list.images, again)),
    ...(list.stores && list.stores.length > 0 ? [stores(list.stores)] : []),
    ...(list.defaults.length > 0 ? [defaultImages(list, backends, again)] : []),
    h(
      "div",
      { class: "card" },
      h("h2", {}, words.images.sets),
      h("p", { class: "hint" }, words.images.setHint),
      h(
        "dl",
        { class: "details" },
        list.sets.map((one) =>
          h(
            "div",
            {},
            h("dt", { class: "mono" }, `@${one.name}`),
            h("dd", { title: one.packages.join(" ") }, one.summary),
          )
        ),
      ),
    ),
  ];
}

function table(images: BuiltImage[], again: () => void): HTMLElement {
  const heads = [words.images.image, words.images.backend, words.images.packages, words.images.size, words.images.used];
  return h(
    "table",
    { class: "list" },
    h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)), h("td", {}))),
    h(
      "tbody",
      {},
      images.map((one) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", class: "mono small cut" }, one.reference),
          h("td", {}, h("span", { class: "pill outline" }, one.backend)),
          h("td", { class: "dim cut", title: one.packages.join(" ") }, one.packages.join(" ")),
          h("td", { class: "dim nowrap" }, one.size === undefined ? "" : sizeText(one.size)),
          h(
            "td",
            { class: "dim nowrap" },
            one.users > 0
              ? words.images.inUse(one.users)
              : one.lastUsedAt === undefined
              ? words.images.never
              : timeElement(one.lastUsedAt),
          ),
          h(
            "td",
            { class: "row-tools" },
            button("", { icon: "trash", weight: "quiet", label: `${words.actions.remove} ${one.reference}` }, () =>
              confirm(
                words.images.removeTitle(one.reference),
                words.images.removeLoss,
                words.actions.remove,
                async () => {
                  await calls.removeImage(one.reference, one.backend);
                  again();
                },
              )),
          ),
        )
      ),
    ),
  );
}

function stores(all: NonNullable<ImageList["stores"]>): HTMLElement {
  return h(
    "div",
    { class: "card" },
    h("h2", {}, words.images.stores),
    h(
      "dl",
      { class: "details" },
      all.map(({ backend, usage }) =>
        h(
          "div",
          {},
          h("dt", {}, backend),
          h(
            "dd",
            {},
            words.images.store(usage.images, sizeText(usage.imageBytes ?? 0), usage.ours),
            usage.reclaimableBytes ? ` · ${words.images.reclaimable(sizeText(usage.reclaimableBytes))}` : "",
          ),
        )
      ),
    ),
  );
}

/** Says what would go before it goes. */
async function prune(again: () => void): Promise<void> {
  const preview = await calls.pruneImages(true);
  if (preview.removed.length === 0) return notify(preview.problems[0] ?? words.images.pruneNothing);
  const loss = words.images.pruneLoss(preview.removed.length, sizeText(preview.bytes));
  confirm(words.images.pruneTitle, loss, words.images.prune, async () => {
    const done = await calls.pruneImages(false);
    notify(words.images.pruned(sizeText(done.bytes)));
    again();
  });
}
