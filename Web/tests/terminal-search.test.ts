import assert from "node:assert/strict";
import { findAll, type Screen } from "../src/output/terminal-search.ts";

interface Cell {
  getChars(): string;
  getWidth(): number;
}

const cell = (chars: string, width: number): Cell => ({ getChars: () => chars, getWidth: () => width });

/** Rows of ten cells; those that begin with `>` go on with the row before. Characters beyond Latin take two cells. */
function screen(...rows: string[]): Screen {
  const all = rows.map((row) => {
    const cells = Array.from(row.replace(/^>/, "")).flatMap((one) =>
      one > "\u024f" ? [cell(one, 2), cell("", 0)] : [cell(one, 1)]
    );
    while (cells.length < 10) cells.push(cell("", 1));
    return {
      length: cells.length,
      isWrapped: row.startsWith(">"),
      translateToString: () => cells.filter((one) => one.getWidth() > 0).map((one) => one.getChars() || " ").join(""),
      getCell: (column: number) => cells[column],
    };
  });
  return { length: all.length, getLine: (row) => all[row] };
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

Deno.test("a place is told in cells: a wide character takes two", () => {
  assert.deepEqual(findAll(screen("漢字 abc"), "abc"), [{ row: 0, column: 5, length: 3 }]);
  assert.deepEqual(findAll(screen("a漢字b"), "漢字"), [{ row: 0, column: 1, length: 4 }]);
  assert.deepEqual(findAll(screen("🙂 end"), "end"), [{ row: 0, column: 3, length: 3 }]);
  assert.deepEqual(findAll(screen("1234漢字漢", ">字 end"), "漢字 e"), [{ row: 0, column: 8, length: 6 }]);
  // A letter that is longer in lower case moves nothing.
  assert.deepEqual(findAll(screen("İ abc"), "ABC"), [{ row: 0, column: 2, length: 3 }]);
});

Deno.test("no more places are told than are asked for", () => {
  assert.equal(findAll(screen("aaaaaaaaaa", "aaaaaaaaaa"), "a", 12).length, 12);
});
