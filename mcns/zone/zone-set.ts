import { type Name, parentOf } from "../wire/name.ts";
import type { Zone } from "./zone.ts";

/** All zones at one moment; never changed, but replaced. */
export class ZoneSet {
  readonly #zones: ReadonlyMap<Name, Zone>;

  constructor(zones: Iterable<Zone>) {
    this.#zones = new Map([...zones].map((zone) => [zone.name, zone]));
  }

  /** The zone of exactly this name. */
  get(name: Name): Zone | undefined {
    return this.#zones.get(name);
  }

  /** The zone that a name lies in: the one with the longest name among those at or above it. */
  zoneOf(name: Name): Zone | undefined {
    for (let at: Name | undefined = name; at !== undefined; at = parentOf(at)) {
      const zone = this.#zones.get(at);
      if (zone !== undefined) return zone;
    }
    return undefined;
  }

  /** With this zone instead of the one of its name. */
  with(zone: Zone): ZoneSet {
    return new ZoneSet(new Map(this.#zones).set(zone.name, zone).values());
  }

  without(name: Name): ZoneSet {
    return new ZoneSet([...this.#zones.values()].filter((zone) => zone.name !== name));
  }

  zones(): IterableIterator<Zone> {
    return this.#zones.values();
  }
}
