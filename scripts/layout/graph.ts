import type { SourceFile } from "./source-tree.ts";

/** Groups of files that import each other in a circle, each as one circle that starts at its first file. */
export function cycles(files: ReadonlyMap<string, SourceFile>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  for (const start of files.keys()) {
    if (done.has(start)) continue;
    const circle = shortestCircle(files, start);
    if (circle === undefined) continue;
    for (const path of circle) done.add(path);
    found.push(circle);
  }
  return found;
}

function shortestCircle(files: ReadonlyMap<string, SourceFile>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const target of targetsOf(files, path)) {
      if (target === start) return backTo(start, path, cameFrom);
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, path);
      queue.push(target);
    }
  }
  return undefined;
}

function backTo(start: string, end: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const circle: string[] = [];
  for (let path = end; path !== start; path = cameFrom.get(path) ?? start) circle.unshift(path);
  return [start, ...circle];
}

/** Everything that the entries import, directly or not, and the entries themselves. */
export function reachedFrom(files: ReadonlyMap<string, SourceFile>, entries: Iterable<string>): Set<string> {
  const reached = new Set(entries);
  for (const path of reached) for (const target of targetsOf(files, path)) reached.add(target);
  return reached;
}

function targetsOf(files: ReadonlyMap<string, SourceFile>, path: string): string[] {
  const targets = files.get(path)?.imports.map(({ target }) => target) ?? [];
  return targets.filter((target) => target !== undefined && files.has(target)) as string[];
}
