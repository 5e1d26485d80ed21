import assert from "node:assert/strict";
import { harmless, joined, lastStep, pathQuery, pathText } from "../src/api/path.ts";
import { link, place } from "../src/router.ts";
import { relative, sizeText, spanText } from "../src/time.ts";

Deno.test("paths that are no text keep their bytes", () => {
  const name = { base64: btoa("a\xff/b\xfe") };
  assert.equal(pathQuery(name), "a%FF/b%FE");
  assert.equal(pathText(name), "a\ufffd/b\ufffd");
  assert.deepEqual(lastStep(name), { base64: btoa("b\xfe") });
  assert.equal(pathQuery(joined("dir", { base64: btoa("\xff") })), "dir/%FF");
  assert.equal(pathQuery("ä b&c=d"), "%C3%A4%20b%26c%3Dd");
});

Deno.test("characters that act are shown instead", () => {
  assert.equal(harmless("a\u001b[31m\u202etxt.exe"), "a\ufffd[31m\ufffdtxt.exe");
});

Deno.test("a place comes back from its link", () => {
  const hash = link(["sessions", "a/b c", "files"], { path: "x&y=z" });
  assert.deepEqual(place(hash).steps, ["sessions", "a/b c", "files"]);
  assert.equal(place(hash).query.get("path"), "x&y=z");
  assert.deepEqual(place("#/%zz").steps, ["%zz"]);
});

Deno.test("times and sizes are told in their largest unit", () => {
  assert.equal(spanText(1234), "1.2 s");
  assert.equal(relative(0, 120_000), "2 min ago");
  assert.equal(relative(120_000, 0), "in 2 min");
  assert.equal(sizeText(1536), "1.5 KiB");
});
