import assert from "node:assert/strict";
import type { Backend, ImageList } from "../src/api/types.ts";
import { choicesOf } from "../src/views/image-picker.ts";

const backend = (id: string, capabilities: string[], available = true): Backend => ({
  id,
  name: id.toUpperCase(),
  summary: "",
  isolation: "container",
  placement: "local",
  capabilities,
  onlyByName: false,
  available,
  details: {},
  ...(!available && { reason: "it is not installed" }),
  probedAt: 0,
});

const images: ImageList = {
  images: [{ reference: "built:1", backend: "one", packages: ["jq"], users: 0, ours: true }],
  saved: [{ name: "mine", spec: { packages: ["jq", "tree"] } }],
  defaults: [],
  sets: [{ name: "core", summary: "what a shell needs", packages: ["bash"] }],
  problems: [],
};

const reasons = (backends: Backend[], chosen?: string) =>
  Object.fromEntries(choicesOf(images, backends, chosen).map((one) => [one.name, one.reason]));

Deno.test("every image can be chosen where something builds and has it", () => {
  const free = { "@mine": undefined, "@core": undefined, "built:1": undefined };
  assert.deepEqual(reasons([backend("one", ["image-build"])]), free);
  assert.deepEqual(reasons([backend("one", ["image-build"]), backend("two", [])], "one"), free);
});

Deno.test("what a backend cannot use says why", () => {
  const all = [backend("one", ["image-build"]), backend("two", [])];
  assert.deepEqual(reasons(all, "two"), {
    "@mine": "TWO builds no images",
    "@core": "TWO builds no images",
    "built:1": "built for ONE",
  });
  assert.deepEqual(reasons([backend("one", ["image-build"], false)]), {
    "@mine": "no available backend builds images",
    "@core": "no available backend builds images",
    "built:1": "it is not installed",
  });
});
