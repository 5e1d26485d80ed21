/** What a search reads of a terminal. */
export interface Screen {
  readonly length: number;
  getLine(row: number): { readonly isWrapped: boolean; translateToString(trim?: boolean): string } | undefined;
}

/** Where a text was found: the row of its first character, its column, and its length in characters. */
export interface Found {
  row: number;
  column: number;
  length: number;
}

/** A line as it was printed: rows that only the width broke belong together. */
interface Line {
  row: number;
  text: string;
  width: number;
}

/** Every place of a text on a screen, first to last, however it is broken into rows; upper and lower case are the same. */
export function findAll(screen: Screen, wanted: string, most = 5000): Found[] {
  const found: Found[] = [];
  const needle = wanted.toLowerCase();
  if (needle === "") return found;
  for (const line of linesOf(screen)) {
    const text = line.text.toLowerCase();
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
      found.push({ row: line.row + Math.floor(at / line.width), column: at % line.width, length: needle.length });
      if (found.length >= most) return found;
    }
  }
  return found;
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
    } else {
      if (line) yield line;
      line = { row, text, width: Math.max(1, text.length) };
    }
  }
  if (line) yield line;
}
