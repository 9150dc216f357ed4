import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readConfig } from "./read-config.ts";

/** Writes a copy of the registry and prints where it is. */
export async function snapshot(configFile: string, to: string | undefined): Promise<void> {
  const { path } = readConfig(configFile).database;
  const time = new Date(systemClock.now()).toISOString().replaceAll(/[:.]/gu, "-");
  const file = to ?? join(dirname(path), "backups", `mcp-${time}.db`);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    snapshotDatabase({ file: path, destination: file });
    process.stdout.write(`${file}\n`);
  } catch (error) {
    if (!(error instanceof DetailedError)) throw error;
    process.stderr.write(`mcp-agent: ${error.message}\n`);
    process.exitCode = 1;
  }
}
