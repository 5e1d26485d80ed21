/** How a piece of output looks. Colours below 16 are the theme's; others are of the palette of 256, or `#rrggbb`. */
export interface Look {
  foreground?: number | string;
  background?: number | string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

/** What output does to a line: text to write, or a movement within it. Everything else that output might ask of a terminal is dropped. */
export type Piece =
  | { kind: "text"; text: string; look: Look }
  | { kind: "newline" }
  | { kind: "return" }
  | { kind: "back" }
  | { kind: "erase" };

/** A sequence that has not ended after so many characters is no sequence. */
const longestSequence = 4096;

/** Reads one stream of output. A sequence may be cut in two by the pieces that it arrives in. */
export class AnsiReader {
  private look: Look = {};
  private rest = "";

  read(text: string): Piece[] {
    const input = this.rest + text;
    this.rest = "";
    const pieces: Piece[] = [];
    let start = 0;
    let position = 0;
    const flush = (end: number) => {
      if (end > start) pieces.push({ kind: "text", text: input.slice(start, end), look: this.look });
    };
    while (position < input.length) {
      const code = input.charCodeAt(position);
      if (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code < 0xa0)) {
        position += 1;
        continue;
      }
      flush(position);
      if (code === 0x1b) {
        const end = sequenceEnd(input, position);
        if (end === undefined) {
          if (input.length - position > longestSequence) {
            position += 1;
            start = position;
            continue;
          }
          this.rest = input.slice(position);
          return pieces;
        }
        this.apply(input.slice(position, end), pieces);
        position = end;
      } else {
        if (code === 0x0a) pieces.push({ kind: "newline" });
        else if (code === 0x0d) pieces.push({ kind: "return" });
        else if (code === 0x08) pieces.push({ kind: "back" });
        else if (code === 0x09) pieces.push({ kind: "text", text: "\t", look: this.look });
        position += 1;
      }
      start = position;
    }
    flush(position);
    return pieces;
  }

  private apply(sequence: string, pieces: Piece[]): void {
    if (!sequence.startsWith("\u001b[")) return;
    const last = sequence.at(-1);
    const parameters = sequence.slice(2, -1);
    if (last === "m" && /^[0-9;:]*$/.test(parameters)) this.look = looked(this.look, parameters);
    else if (last === "K") pieces.push({ kind: "erase" });
  }
}

/** Where the sequence that begins here ends; undefined when that has not arrived. */
function sequenceEnd(input: string, start: number): number | undefined {
  const kind = input[start + 1];
  if (kind === undefined) return undefined;
  if (kind === "[") {
    for (let index = start + 2; index < input.length; index += 1) {
      const code = input.charCodeAt(index);
      if (code >= 0x40 && code <= 0x7e) return index + 1;
      if (code < 0x20 || code > 0x3f) return index;
    }
    return undefined;
  }
  // Titles, links and the clipboard: text up to a bell or a string terminator. None of it reaches the page.
  if ("]PX^_".includes(kind)) {
    for (let index = start + 2; index < input.length; index += 1) {
      if (input[index] === "\u0007") return index + 1;
      if (input[index] === "\u001b") {
        if (input[index + 1] === undefined) return undefined;
        return input[index + 1] === "\\" ? index + 2 : index;
      }
    }
    return undefined;
  }
  if ("()*+#% ".includes(kind)) return input[start + 2] === undefined ? undefined : start + 3;
  return start + 2;
}

function looked(before: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map((text) => text === "" ? 0 : Number(text));
  let look: Look = { ...before };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) look = {};
    else if (code === 1) look.bold = true;
    else if (code === 2) look.dim = true;
    else if (code === 3) look.italic = true;
    else if (code === 4) look.underline = true;
    else if (code === 7) look.inverse = true;
    else if (code === 22) {
      delete look.bold;
      delete look.dim;
    } else if (code === 23) delete look.italic;
    else if (code === 24) delete look.underline;
    else if (code === 27) delete look.inverse;
    else if (code >= 30 && code <= 37) look.foreground = code - 30;
    else if (code >= 90 && code <= 97) look.foreground = code - 82;
    else if (code >= 40 && code <= 47) look.background = code - 40;
    else if (code >= 100 && code <= 107) look.background = code - 92;
    else if (code === 39) delete look.foreground;
    else if (code === 49) delete look.background;
    else if (code === 38 || code === 48) {
      const [colour, used] = wideColour(codes.slice(index + 1));
      index += used;
      if (colour !== undefined) look[code === 38 ? "foreground" : "background"] = colour;
    }
  }
  return look;
}

function wideColour(codes: number[]): [number | string | undefined, number] {
  const [kind, first, second, third] = codes;
  if (kind === 5 && first !== undefined && first < 256) return [first, 2];
  if (kind === 2 && first !== undefined && second !== undefined && third !== undefined) {
    const hex = [first, second, third].map((one) => Math.min(one, 255).toString(16).padStart(2, "0"));
    return [`#${hex.join("")}`, 4];
  }
  return [undefined, codes.length];
}

/** A colour of the palette of 256 as `#rrggbb`; below 16 they are the theme's. */
export function paletteColour(index: number): string {
  const hex = (one: number) => one.toString(16).padStart(2, "0");
  if (index >= 232) return `#${hex(8 + (index - 232) * 10).repeat(3)}`;
  const cube = index - 16;
  const level = (one: number) => hex(one === 0 ? 0 : 55 + one * 40);
  return `#${level(Math.floor(cube / 36))}${level(Math.floor(cube / 6) % 6)}${level(cube % 6)}`;
}
