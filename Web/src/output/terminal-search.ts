/** What a search reads of a terminal. A cell of width 0 is the second half of a wide character. */
export interface Screen {
  readonly length: number;
  getLine(row: number): ScreenLine | undefined;
}

export interface ScreenLine {
  readonly length: number;
  readonly isWrapped: boolean;
  translateToString(trim?: boolean): string;
  getCell(column: number): { getChars(): string; getWidth(): number } | undefined;
}

/** Where a text was found: the row and column of its first cell, and its length in cells. */
export interface Found {
  row: number;
  column: number;
  length: number;
}

/** A line as it was printed: rows that only the width broke belong together. */
interface Line {
  row: number;
  rows: ScreenLine[];
  text: string;
  width: number;
}

/** Every place of a text on a screen, first to last, however it is broken into rows; upper and lower case are the same. */
export function findAll(screen: Screen, wanted: string, most = 5000): Found[] {
  const found: Found[] = [];
  const needle = wanted.toLowerCase();
  if (needle === "") return found;
  for (const line of linesOf(screen)) {
    const text = lower(line.text);
    let cells: number[] | undefined;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
      // Only lines with something found in them are looked at cell by cell.
      cells ??= cellsOf(line);
      const [start, end] = [cells[at] ?? at, cells[at + needle.length] ?? at + needle.length];
      found.push({ row: line.row + Math.floor(start / line.width), column: start % line.width, length: end - start });
      if (found.length >= most) return found;
    }
  }
  return found;
}

/** In lower case, with as many units as before: a few letters have more of them in lower case. */
function lower(text: string): string {
  const all = text.toLowerCase();
  if (all.length === text.length) return all;
  return Array.from(text, (one) => one.toLowerCase().length === one.length ? one.toLowerCase() : one).join("");
}

/** The cell of every unit of a line's text, counted from the line's beginning, and the one behind the last. */
function cellsOf(line: Line): number[] {
  const cells: number[] = [];
  let start = 0;
  for (const row of line.rows) {
    for (let column = 0; column < row.length; column += 1) {
      const cell = row.getCell(column);
      if (!cell || cell.getWidth() === 0) continue;
      const units = cell.getChars().length || 1;
      for (let unit = 0; unit < units; unit += 1) cells.push(start + column);
    }
    start += line.width;
  }
  cells.push(start);
  return cells;
}

function* linesOf(screen: Screen): Generator<Line> {
  let line: Line | undefined;
  for (let row = 0; row < screen.length; row += 1) {
    const one = screen.getLine(row);
    if (!one) continue;
    // A row that goes on has no end to cut off.
    const text = one.translateToString(false);
    if (line && one.isWrapped) {
      line.text += text;
      line.rows.push(one);
    } else {
      if (line) yield line;
      line = { row, rows: [one], text, width: Math.max(1, one.length) };
    }
  }
  if (line) yield line;
}
