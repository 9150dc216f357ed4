import { matchTables } from "../toml/match.ts";
import { isTable, isTables, sameValue, type Table } from "../toml/print.ts";

/** What a key means where it is missing, if that can be written out. */
const defaults: Table = {
  active: true,
  restart: "unless-stopped",
  update: "auto",
  interval: "500ms",
  timeout: "5s",
  deadline: "60s",
  settle: "3s",
};

const probes = ["http", "tcp", "cmd"] as const;

/** What a definition file has to say, so that it declares `after`. What it already declares stays as it is written:
 * defaults that are written out, and keys such as `[build]` that a node does not know.
 * @param written content of the file
 * @param before what the file declares, with defaults left out
 * @param after what it shall declare, with defaults left out */
export function mergeDefinition(written: Table, before: Table, after: Table): Table {
  const result: Record<string, unknown> = { ...written };
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[key], after[key]];
    if (sameValue(was, is)) continue;
    result[key] = mergeValue(written[key], was, is, defaults[key]);
  }
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}

function mergeValue(written: unknown, was: unknown, is: unknown, otherwise: unknown): unknown {
  if (is === undefined) return written === undefined ? undefined : otherwise;
  if (isTables(is) && isTables(was) && isTables(written)) return mergeTables(written, was, is);
  if (isTable(is) && isTable(written)) {
    const known = isTable(was) ? was : {};
    return probeOf(known) === probeOf(is) ? mergeDefinition(written, known, is) : is;
  }
  return is;
}

function mergeTables(written: readonly Table[], was: readonly Table[], is: readonly Table[]): Table[] {
  const matches = matchTables(was, is);
  return is.map((table, index) => {
    const match = matches[index];
    return match === undefined ? table : mergeDefinition(written[match] ?? {}, was[match] ?? {}, table);
  });
}

/** With another probe other keys have an effect, and those without would be refused. */
function probeOf(health: Table): string | undefined {
  return probes.find((probe) => health[probe] !== undefined);
}
