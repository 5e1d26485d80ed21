import assert from "node:assert/strict";
import { mostLines, OutputLines } from "../src/output/lines.ts";

const texts = (output: OutputLines) => output.lines.map((line) => line.spans.map((span) => span.text).join(""));

Deno.test("a return writes over the line, and an erasure clears its rest", () => {
  const output = new OutputLines();
  output.write("stdout", "10%\r50%\rdone\u001b[K\nlonger text\rshort\u001b[K\nabc\b\bX\n");
  assert.deepEqual(texts(output), ["done", "short", "aXc"]);
});

Deno.test("the streams do not write into each other's lines", () => {
  const output = new OutputLines();
  output.write("stdout", "half");
  output.write("stderr", "trouble\n");
  output.write("stdout", "rest\n");
  assert.deepEqual(texts(output), ["half", "trouble", "rest"]);
  assert.deepEqual(output.lines.map((line) => line.isError), [false, true, false]);
});

Deno.test("bytes of one character may come in two pieces", () => {
  const output = new OutputLines();
  output.writeBytes("stdout", new Uint8Array([0xc3]));
  output.writeBytes("stdout", new Uint8Array([0xbc, 0x0a]));
  assert.deepEqual(texts(output), ["ü"]);
});

Deno.test("the oldest lines go when there are too many, and are counted", () => {
  const output = new OutputLines();
  for (let index = 0; index < mostLines + 500; index += 1) output.write("stdout", `${index}\n`);
  assert.ok(output.lines.length <= mostLines);
  assert.equal(output.gone + output.lines.length, mostLines + 500);
  assert.equal(texts(output).at(-1), String(mostLines + 499));
});

Deno.test("one endless line is cut, not laid out", () => {
  const output = new OutputLines();
  for (let index = 0; index < 100; index += 1) output.write("stdout", "x".repeat(10_000));
  assert.equal(output.lines.length, 1);
  assert.ok((texts(output)[0]?.length ?? 0) <= 8000);
});
