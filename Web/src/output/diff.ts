/** One line of a comparison of two texts. */
export interface DiffLine {
  kind: "same" | "old" | "new" | "gap";
  text: string;
}

/** Beyond so many lines that differ, one text is shown after the other: finding the least difference would stop the page. */
const mostCompared = 2000;
/** Lines that are the same, shown around those that are not. */
const context = 3;

/** How one text becomes another, line by line; what is the same is shown only around what is not. */
export function diffLines(old: string, fresh: string): DiffLine[] {
  const [before, after] = [split(old), split(fresh)];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start && end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) end += 1;
  const lines: DiffLine[] = [
    ...before.slice(0, start).map((text) => line("same", text)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map((text) => line("same", text)),
  ];
  return folded(lines);
}

function line(kind: DiffLine["kind"], text: string): DiffLine {
  return { kind, text };
}

function split(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function middle(before: string[], after: string[]): DiffLine[] {
  const width = after.length + 1;
  if (before.length > mostCompared || after.length > mostCompared) {
    return [...before.map((text) => line("old", text)), ...after.map((text) => line("new", text))];
  }
  // The length of the longest common rest from each pair of places on.
  const common = new Uint16Array((before.length + 1) * width);
  const at = (one: number, other: number) => common[one * width + other] ?? 0;
  for (let one = before.length - 1; one >= 0; one -= 1) {
    for (let other = after.length - 1; other >= 0; other -= 1) {
      common[one * width + other] = before[one] === after[other]
        ? at(one + 1, other + 1) + 1
        : Math.max(at(one + 1, other), at(one, other + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [one, other] = [0, 0];
  while (one < before.length || other < after.length) {
    if (one < before.length && other < after.length && before[one] === after[other]) {
      lines.push(line("same", before[one] ?? ""));
      one += 1;
      other += 1;
    } else if (one < before.length && (other >= after.length || at(one + 1, other) >= at(one, other + 1))) {
      lines.push(line("old", before[one] ?? ""));
      one += 1;
    } else {
      lines.push(line("new", after[other] ?? ""));
      other += 1;
    }
  }
  return lines;
}

/** Puts a gap in the place of what is the same and far from any change. */
function folded(lines: DiffLine[]): DiffLine[] {
  const isNear = new Array<boolean>(lines.length).fill(false);
  lines.forEach((one, index) => {
    if (one.kind === "same") return;
    const last = Math.min(lines.length - 1, index + context);
    for (let near = Math.max(0, index - context); near <= last; near += 1) isNear[near] = true;
  });
  const shown: DiffLine[] = [];
  lines.forEach((one, index) => {
    if (isNear[index]) shown.push(one);
    else if (shown.at(-1)?.kind !== "gap") shown.push(line("gap", ""));
  });
  return shown;
}
