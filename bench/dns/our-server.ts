import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { startDnsServer } from "@metacircular/mcns/listen/dns-server.ts";
import { migrations } from "@metacircular/mcns/store/migrations.ts";
import { ZoneStore } from "@metacircular/mcns/store/zone-store.ts";
import { applyImport, planImport, readWholeZoneFile } from "@metacircular/mcns/zonefile/import-zone.ts";
import { benchZone, benchZoneFile } from "./zone.ts";

// The DNS side of mcns as a process of its own, with the zone of the benchmark.
const { values } = parseArgs({ options: { port: { type: "string" }, directory: { type: "string" } } });
const logger = createLogger({ name: "bench", level: "info" });
const database = openDatabase({ file: join(values.directory ?? "", "mcns.db"), migrations });
const journal = { maxChanges: 0, keepForMs: 1_000 };
const source = new ZoneStore({ database, journal, clock: systemClock, logger });
const file = readWholeZoneFile(benchZoneFile(), benchZone);
if (file.authority === undefined) throw new Error("the zone of the benchmark has no SOA record");
const settings = { ...file.authority, defaultTtl: 300, notify: [], transferKeys: [], updateKeys: [] };
source.create(benchZone, settings, "bench", (edit) => applyImport(edit, file, planImport([], file.records)));
const server = await startDnsServer({
  settings: {
    listen: [{ host: "127.0.0.1", port: Number(values.port) }],
    streams: { connections: 100, connectionsPerClient: 100, idleMs: 10_000 },
    rateLimit: { responsesPerSecond: 0, slip: 2, exempt: [] },
    answerCache: { entries: 100_000, bytes: 64 * 1024 * 1024 },
    logQueries: false,
  },
  source,
  keys: new Map(),
  clock: systemClock,
  logger,
});
process.once("SIGTERM", () => {
  void server[Symbol.asyncDispose]().then(() => process.exit());
});
