/** Lines around a change that are shown with it. */
const context = 2;
/** Most comparisons of lines: beyond, everything between the first and the last change counts as changed. */
const mostComparisons = 4_000_000;

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** What changes from one text to another, in the unified form without file names: `@@` before each place, `-` and `+`
 * before lines, and two lines around. Empty where nothing does. */
export function lineDiff(before: string, after: string): string[] {
  const lines = marked(linesOf(before), linesOf(after));
  const shown: string[] = [];
  let [oldLine, newLine, lastShown] = [1, 1, -1];
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ mark }) => mark !== " ");
  for (const [index, { mark, text }] of lines.entries()) {
    if (isNear(index)) {
      if (lastShown !== index - 1 || shown.length === 0) shown.push(`@@ -${oldLine} +${newLine} @@`);
      shown.push(`${mark}${text}`);
      lastShown = index;
    }
    if (mark !== "+") oldLine += 1;
    if (mark !== "-") newLine += 1;
  }
  return shown;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function marked(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let [oldEnd, newEnd] = [before.length, after.length];
  while (oldEnd > start && newEnd > start && before[oldEnd - 1] === after[newEnd - 1]) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  const same = (text: string): Line => ({ mark: " ", text });
  return [
    ...before.slice(0, start).map(same),
    ...changed(before.slice(start, oldEnd), after.slice(start, newEnd)),
    ...before.slice(oldEnd).map(same),
  ];
}

function changed(before: readonly string[], after: readonly string[]): Line[] {
  const removed = (text: string): Line => ({ mark: "-", text });
  const added = (text: string): Line => ({ mark: "+", text });
  if (before.length * after.length > mostComparisons) return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const longest = Math.max(at(i + 1, j), at(i, j + 1));
      lengths[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : longest;
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old = "", fresh = ""] = [before[i], after[j]];
    if (i < before.length && j < after.length && old === fresh) {
      lines.push({ mark: " ", text: old });
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(old));
      i += 1;
    } else {
      lines.push(added(fresh));
      j += 1;
    }
  }
  return lines;
}
