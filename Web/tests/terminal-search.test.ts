import assert from "node:assert/strict";
import { findAll, type Screen } from "../src/output/terminal-search.ts";

/** Rows of one width; those that begin with `>` go on with the row before. */
function screen(...rows: string[]): Screen {
  return {
    length: rows.length,
    getLine: (row) => ({
      isWrapped: rows[row]?.startsWith(">") ?? false,
      translateToString: () => (rows[row] ?? "").replace(/^>/, "").padEnd(10),
    }),
  };
}

Deno.test("a text is found wherever it is, in either case", () => {
  assert.deepEqual(findAll(screen("an Error", "none", "error error"), "error"), [
    { row: 0, column: 3, length: 5 },
    { row: 2, column: 0, length: 5 },
    { row: 2, column: 6, length: 5 },
  ]);
  assert.deepEqual(findAll(screen("text"), ""), []);
});

Deno.test("a text that the width broke is found across its rows", () => {
  assert.deepEqual(findAll(screen("12345678ab", ">cd", "ab", "cd"), "abcd"), [{ row: 0, column: 8, length: 4 }]);
  assert.deepEqual(findAll(screen("1234567890", ">xx abcd"), "abcd"), [{ row: 1, column: 3, length: 4 }]);
});

Deno.test("no more places are told than are asked for", () => {
  assert.equal(findAll(screen("aaaaaaaaaa", "aaaaaaaaaa"), "a", 12).length, 12);
});
