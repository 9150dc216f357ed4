import { sameValue, type Table } from "./print.ts";

/** Which of the old tables each wanted one continues, by its index; undefined: it is new. Equal ones belong
 * together, then those with the same `name`, then those without a name in their order. */
export function matchTables(
  old: readonly Table[],
  wanted: readonly Table[],
): readonly (number | undefined)[] {
  const free = new Set(old.keys());
  const matches: (number | undefined)[] = wanted.map(() => undefined);
  const rules = [sameValue, (a: Table, b: Table) => a["name"] === b["name"]];
  for (const fits of rules) {
    for (const [index, table] of wanted.entries()) {
      if (matches[index] !== undefined) continue;
      const found = [...free].find((candidate) => fits(old[candidate] ?? {}, table));
      if (found === undefined) continue;
      matches[index] = found;
      free.delete(found);
    }
  }
  return matches;
}

/** Which of the old values each wanted one continues, in the order of both: their longest common subsequence. */
export function matchInOrder(
  old: readonly unknown[],
  wanted: readonly unknown[],
): readonly (number | undefined)[] {
  const width = wanted.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  const equal = (i: number, j: number): boolean => sameValue(old[i], wanted[j]);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = wanted.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = equal(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const matches: (number | undefined)[] = wanted.map(() => undefined);
  for (let i = 0, j = 0; i < old.length && j < wanted.length;) {
    if (equal(i, j)) matches[j++] = i++;
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return matches;
}

/** The matches without those that stand against the order of the ones before them. */
export function onlyRising(matches: readonly (number | undefined)[]): readonly (number | undefined)[] {
  let last = -1;
  return matches.map((match) => {
    if (match === undefined || match <= last) return undefined;
    last = match;
    return match;
  });
}
