import assert from "node:assert/strict";
import { diffLines } from "../src/output/diff.ts";

const marks = { same: " ", old: "-", new: "+", gap: "…" };
const told = (old: string, fresh: string) => diffLines(old, fresh).map((one) => marks[one.kind] + one.text).join("\n");

Deno.test("lines that differ are told with what is around them", () => {
  assert.equal(told("a\nb\nc\n", "a\nx\nc\n"), " a\n-b\n+x\n c");
  assert.equal(told("", "a\n"), "+a");
  assert.equal(told("a\n", ""), "-a");
  assert.equal(told("a\nb\n", "b\na\n"), "-a\n b\n+a");
  assert.equal(told("same\n", "same\n"), "…");
});

Deno.test("what is the same and far from a change is left out", () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const changed = lines.map((text, index) => index === 10 ? "changed" : text);
  assert.equal(
    told(lines.join("\n"), changed.join("\n")),
    "…\n line 7\n line 8\n line 9\n-line 10\n+changed\n line 11\n line 12\n line 13\n…",
  );
});

Deno.test("texts that have nothing in common are shown one after the other, however long", () => {
  const [old, fresh] = ["o", "f"].map((mark) => Array.from({ length: 5000 }, (_, index) => mark + index).join("\n"));
  const lines = diffLines(old ?? "", fresh ?? "");
  assert.equal(lines.length, 10_000);
  assert.equal(lines[4999]?.kind, "old");
  assert.equal(lines[5000]?.kind, "new");
});
