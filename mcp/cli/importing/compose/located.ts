import type { Place } from "../report.ts";

/** A value of a YAML file that knows its line. Aliases are resolved. */
export type Located = LocatedMap | LocatedList | LocatedScalar;

export interface LocatedMap {
  readonly kind: "map";
  readonly place: Place;
  readonly entries: ReadonlyMap<string, Located>;
}

export interface LocatedList {
  readonly kind: "list";
  readonly place: Place;
  readonly items: readonly Located[];
}

export interface LocatedScalar {
  readonly kind: "scalar";
  readonly place: Place;
  /** As it stands in the file, without quotes, with variables replaced; undefined: null. */
  readonly text: string | undefined;
}

/** The entry of a map, or undefined. */
export function entryOf(node: Located | undefined, key: string): Located | undefined {
  return node?.kind === "map" ? node.entries.get(key) : undefined;
}

/** The text of a scalar, or undefined. */
export function textOf(node: Located | undefined): string | undefined {
  return node?.kind === "scalar" ? node.text : undefined;
}

export function isTrue(node: Located | undefined): boolean {
  return textOf(node)?.toLowerCase() === "true";
}

/** Items of a list; a single scalar counts as a list of one, nothing as none. */
export function itemsOf(node: Located | undefined): readonly Located[] {
  if (node === undefined || (node.kind === "scalar" && node.text === undefined)) return [];
  return node.kind === "list" ? node.items : [node];
}

/** Texts of a list's scalars. */
export function textsOf(node: Located | undefined): string[] {
  return itemsOf(node).flatMap((item) => textOf(item) ?? []);
}

/** Keys and values of a map; of a list of `KEY=VALUE` or `KEY` the same. The value is undefined where there is none. */
export function pairsOf(
  node: Located | undefined,
): { key: string; value: string | undefined; place: Place }[] {
  if (node?.kind === "map") {
    return [...node.entries].map(([key, value]) => ({ key, value: textOf(value), place: value.place }));
  }
  return itemsOf(node).flatMap((item) => {
    const text = textOf(item);
    if (text === undefined) return [];
    const equals = text.indexOf("=");
    const [key, value] = equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
    return [{ key, value, place: item.place }];
  });
}

/** Lists that a later file replaces; others are added to. */
const replaced = new Set(["command", "entrypoint", "test"]);
const pairs = new Set(["environment", "labels", "annotations", "args", "sysctls", "extra_hosts"]);

/** Two files, or a service and what it extends, as compose merges them: the later one wins. */
export function merged(base: Located, over: Located, key = ""): Located {
  if (over.kind === "scalar" || replaced.has(key)) return over;
  if (pairs.has(key) && base.kind !== over.kind) return merged(asMap(base), asMap(over));
  if (base.kind === "map" && over.kind === "map") {
    const entries = new Map(base.entries);
    for (const [name, value] of over.entries) {
      const existing = entries.get(name);
      entries.set(name, existing === undefined ? value : merged(existing, value, name));
    }
    return { ...over, entries };
  }
  if (base.kind === "list" && over.kind === "list") return { ...over, items: [...base.items, ...over.items] };
  return over;
}

function asMap(node: Located): Located {
  const entries = pairsOf(node).map(({ key, value, place }): [string, Located] => [
    key,
    { kind: "scalar", text: value, place },
  ]);
  return { kind: "map", place: node.place, entries: new Map(entries) };
}
