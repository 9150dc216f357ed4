import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** Table `node_facts`: what the agent has to know of its node's past. */
export interface NodeFactTable {
  get(name: NodeFact): string | undefined;
  set(name: NodeFact, value: string): void;
}

/** `boot-id`: of the boot after which everything that should run was started. */
export type NodeFact = "boot-id";

export function createNodeFactTable({ sql }: Database): NodeFactTable {
  const get = sql.prepare("SELECT value FROM node_facts WHERE name = ?");
  const set = sql.prepare("INSERT OR REPLACE INTO node_facts (name, value) VALUES (?, ?)");
  return {
    get(name) {
      const row = get.get(name);
      return row === undefined ? undefined : String(row["value"]);
    },
    set(name, value) {
      set.run(name, value);
    },
  };
}
