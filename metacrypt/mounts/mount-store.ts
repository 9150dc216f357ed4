import type { SealedRecords } from "../barrier/sealed-records.ts";
import { z } from "zod";

const recordSchema = z.strictObject({ type: z.string(), createdMs: z.int() });

/** A mount as it is stored. */
export interface StoredMount extends z.output<typeof recordSchema> {
  readonly name: string;
}

const MAX_MOUNTS = 1000;

/** Which mounts there are; a record each. */
export class MountStore {
  readonly #records: SealedRecords;

  constructor(records: SealedRecords) {
    this.#records = records;
  }

  /** Sorted by name. */
  all(): StoredMount[] {
    return this.#records.list("", { limit: MAX_MOUNTS }).flatMap((name) => this.find(name) ?? []);
  }

  find(name: string): StoredMount | undefined {
    const stored = this.#records.get(name);
    if (stored === undefined) return undefined;
    return { name, ...recordSchema.parse(JSON.parse(Buffer.from(stored).toString())) };
  }

  add({ name, type, createdMs }: StoredMount): void {
    this.#records.put(name, Buffer.from(JSON.stringify({ type, createdMs })));
  }

  remove(name: string): boolean {
    return this.#records.delete(name);
  }
}
