import { AnsiReader, type Look, type Piece } from "./ansi.ts";

export interface Span {
  text: string;
  look: Look;
}

export interface Line {
  spans: Span[];
  isError: boolean;
}

/** What is kept to look at; all of it can be downloaded. */
export const mostLines = 20_000;
const mostCharacters = 8_000_000;
/** A longer line is shown cut: to lay it out would hold the page up. */
const longestLine = 8_000;

/** Output as lines that can be shown, of which the oldest go when there are too many. */
export class OutputLines {
  readonly lines: Line[] = [];
  /** Lines that were let go of. */
  gone = 0;
  private characters = 0;
  private readonly readers = { stdout: new AnsiReader(), stderr: new AnsiReader() };
  private readonly decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  private open: { line: Line; column: number; length: number } | undefined;

  write(stream: "stdout" | "stderr", text: string): void {
    for (const piece of this.readers[stream].read(text)) this.apply(piece, stream === "stderr");
    this.trim();
  }

  writeBytes(stream: "stdout" | "stderr", bytes: Uint8Array): void {
    this.write(stream, this.decoders[stream].decode(bytes, { stream: true }));
  }

  private apply(piece: Piece, isError: boolean): void {
    if (this.open && this.open.line.isError !== isError && this.open.length > 0) this.open = undefined;
    if (piece.kind === "newline") {
      this.current(isError);
      this.open = undefined;
      return;
    }
    const open = this.current(isError);
    open.line.isError = isError;
    switch (piece.kind) {
      case "return":
        open.column = 0;
        break;
      case "back":
        open.column = Math.max(0, open.column - 1);
        break;
      case "erase":
        this.put(open, "", {}, true);
        break;
      case "text":
        this.put(open, piece.text, piece.look, false);
    }
  }

  private current(isError: boolean): { line: Line; column: number; length: number } {
    if (!this.open) {
      const line = { spans: [], isError };
      this.lines.push(line);
      this.open = { line, column: 0, length: 0 };
    }
    return this.open;
  }

  /** Writes over what stands at the column; with `erases` what stands behind it goes. */
  private put(
    open: { line: Line; column: number; length: number },
    text: string,
    look: Look,
    erases: boolean,
  ): void {
    const room = Math.max(0, longestLine - open.column);
    const shown = text.length > room ? text.slice(0, room) : text;
    if (shown === "" && !erases) return;
    if (open.column === open.length && !erases) {
      const last = open.line.spans.at(-1);
      if (last && last.look === look) last.text += shown;
      else open.line.spans.push({ text: shown, look });
      this.characters += shown.length;
      open.column += shown.length;
      open.length = open.column;
      return;
    }
    const before = cut(open.line.spans, 0, open.column);
    const after = erases ? [] : cut(open.line.spans, open.column + shown.length, open.length);
    open.line.spans = [...before, ...(shown === "" ? [] : [{ text: shown, look }]), ...after];
    open.column += shown.length;
    const length = open.line.spans.reduce((sum, span) => sum + span.text.length, 0);
    this.characters += length - open.length;
    open.length = length;
  }

  private trim(): void {
    let extra = Math.max(0, this.lines.length - mostLines);
    if (extra === 0 && this.characters <= mostCharacters) return;
    // More than needed, so that not every line moves all the others.
    extra += Math.min(2000, this.lines.length - extra - 1);
    for (const line of this.lines.splice(0, extra)) {
      for (const span of line.spans) this.characters -= span.text.length;
    }
    this.gone += extra;
  }

  /** For the clipboard. */
  get text(): string {
    return this.lines.map((line) => line.spans.map((span) => span.text).join("")).join("\n");
  }
}

function cut(spans: Span[], from: number, to: number): Span[] {
  const result: Span[] = [];
  let position = 0;
  for (const span of spans) {
    const start = Math.max(from, position);
    const end = Math.min(to, position + span.text.length);
    if (start < end) result.push({ text: span.text.slice(start - position, end - position), look: span.look });
    position += span.text.length;
  }
  return result;
}
