import { type Name, parentOf } from "../wire/name.ts";
import type { Node } from "../zone/zone.ts";
import { OverlayMap } from "./overlay-map.ts";

/** The names of a zone, where an empty node stands for each name that exists only because there are names below it. */
export class NodeTree {
  readonly #apex: Name;
  /** How many nodes are directly below a name. */
  readonly #children: Map<Name, number>;
  #nodes: OverlayMap<Name, Node>;

  /** @param nodes with all nodes between each and the apex */
  constructor(apex: Name, nodes: ReadonlyMap<Name, Node>) {
    this.#apex = apex;
    this.#nodes = new OverlayMap(nodes);
    this.#children = new Map();
    for (const name of nodes.keys()) this.#count(name, 1);
  }

  get nodes(): ReadonlyMap<Name, Node> {
    return this.#nodes;
  }

  /** Puts these nodes in place; those without records vanish, unless there are names below them. */
  replace(changed: ReadonlyMap<Name, Node>): void {
    const pending = new Map<Name, Node | undefined>();
    const exists = (name: Name): boolean =>
      pending.has(name) ? pending.get(name) !== undefined : this.#nodes.has(name);
    for (const [name, node] of changed) {
      if (node.size > 0) this.#add(name, node, pending, exists);
    }
    // Deepest first, so that what is empty above them is seen to be.
    for (const [name, node] of [...changed].toSorted(([a], [b]) => b.length - a.length)) {
      if (node.size === 0 && exists(name)) this.#remove(name, pending);
    }
    this.#nodes = this.#nodes.with(pending);
  }

  #add(name: Name, node: Node, pending: Map<Name, Node | undefined>, exists: (name: Name) => boolean): void {
    for (let at: Name | undefined = name; at !== undefined && !exists(at); at = this.#parent(at)) {
      pending.set(at, new Map());
      this.#count(at, 1);
    }
    pending.set(name, node);
  }

  #remove(name: Name, pending: Map<Name, Node | undefined>): void {
    pending.set(name, new Map());
    for (let at: Name | undefined = name; at !== undefined; at = this.#parent(at)) {
      const node: Node | undefined = pending.get(at) ?? this.#nodes.get(at);
      const isNeeded = at === this.#apex || (this.#children.get(at) ?? 0) > 0 || (node?.size ?? 0) > 0;
      if (isNeeded) return;
      pending.set(at, undefined);
      this.#count(at, -1);
    }
  }

  #count(name: Name, by: 1 | -1): void {
    const parent = this.#parent(name);
    if (parent === undefined) return;
    const count = (this.#children.get(parent) ?? 0) + by;
    if (count === 0) this.#children.delete(parent);
    else this.#children.set(parent, count);
  }

  #parent(name: Name): Name | undefined {
    return name === this.#apex ? undefined : parentOf(name);
  }
}
