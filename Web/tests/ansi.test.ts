import assert from "node:assert/strict";
import { AnsiReader, paletteColour } from "../src/output/ansi.ts";

Deno.test("colours are read, also when a sequence arrives in two pieces", () => {
  const reader = new AnsiReader();
  const pieces = [...reader.read("a\u001b[1;3"), ...reader.read("1mb\u001b[0mc")];
  assert.deepEqual(pieces, [
    { kind: "text", text: "a", look: {} },
    { kind: "text", text: "b", look: { bold: true, foreground: 1 } },
    { kind: "text", text: "c", look: {} },
  ]);
});

Deno.test("colours of the palette and of 24 bits are read, and nonsense is not", () => {
  const reader = new AnsiReader();
  const looks = reader.read("\u001b[38;5;196ma\u001b[48;2;1;2;300mb\u001b[38;9mc").map((one) =>
    "look" in one ? one.look : {}
  );
  assert.deepEqual(looks, [
    { foreground: 196 },
    { foreground: 196, background: "#0102ff" },
    { foreground: 196, background: "#0102ff" },
  ]);
  assert.equal(paletteColour(196), "#ff0000");
  assert.equal(paletteColour(232), "#080808");
});

Deno.test("titles, links, the clipboard and movements leave nothing in the text", () => {
  const reader = new AnsiReader();
  const hostile =
    "\u001b]0;title\u0007\u001b]8;;javascript:alert(1)\u001b\\x\u001b]8;;\u001b\\\u001b]52;c;AAAA\u0007\u001b[2J\u001b[5A\u001bP1$r\u001b\\y";
  const text = reader.read(hostile).map((one) => one.kind === "text" ? one.text : "").join("");
  assert.equal(text, "xy");
});

Deno.test("a sequence that never ends does not hold the rest back for ever", () => {
  const reader = new AnsiReader();
  let text = "";
  for (let index = 0; index < 10; index += 1) {
    for (const piece of reader.read((index === 0 ? "\u001b]0;" : "") + "x".repeat(1000))) {
      if (piece.kind === "text") text += piece.text;
    }
  }
  assert.ok(text.length > 5000);
});
