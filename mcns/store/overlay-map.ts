/** So many changed keys are kept beside the big map before they become part of a new one. */
const mostChanges = 1_000;

/** A map that is never changed: `with` gives another that shares most of its memory, so that a change of one key of
 * many costs little. */
export class OverlayMap<Key, Value> implements ReadonlyMap<Key, Value> {
  readonly #base: ReadonlyMap<Key, Value>;
  /** undefined: not there any more. */
  readonly #changes: ReadonlyMap<Key, Value | undefined>;
  readonly size: number;

  constructor(base: ReadonlyMap<Key, Value>, changes: ReadonlyMap<Key, Value | undefined> = new Map()) {
    this.#base = base;
    this.#changes = changes;
    let { size } = base;
    for (const [key, value] of changes) size += Number(value !== undefined) - Number(base.has(key));
    this.size = size;
  }

  /** The map with these values, and without the keys whose value is undefined. */
  with(changes: Iterable<readonly [Key, Value | undefined]>): OverlayMap<Key, Value> {
    const all = new Map(this.#changes);
    for (const [key, value] of changes) all.set(key, value);
    const changed = new OverlayMap(this.#base, all);
    return all.size > mostChanges ? new OverlayMap(new Map(changed)) : changed;
  }

  get(key: Key): Value | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key);
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): MapIterator<[Key, Value]> {
    for (const entry of this.#base) if (!this.#changes.has(entry[0])) yield entry;
    for (const [key, value] of this.#changes) if (value !== undefined) yield [key, value];
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(visit: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }
}
