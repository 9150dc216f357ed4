import { stat } from "node:fs/promises";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { fine, type Judgement, problem, unknown, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import { integrityProblems } from "../registry/integrity.ts";
import type { Check } from "./check.ts";

const limitMs = 5_000;
const largeWalBytes = 256 * 2 ** 20;

/** Whether the registry's pages are whole, and how large it is. */
export const registryCheck: Check = {
  name: "registry",
  async run({ files: { database } }, signal) {
    const [bytes, walBytes] = await Promise.all([sizeOf(database), sizeOf(`${database}-wal`)]);
    return [await integrity(database, bytes, signal), judgeWal(`${database}-wal`, walBytes)];
  },
};

async function integrity(database: string, bytes: number, signal: AbortSignal): Promise<Judgement> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    return judgeIntegrity(
      database,
      bytes,
      await integrityProblems(database, AbortSignal.any([signal, limit])),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) return judgeIntegrity(database, bytes, [messageOf(error)]);
    const found = `${mebibytes(bytes)} could not be checked within ${limitMs / 1_000} s`;
    return unknown(database, found, "check a snapshot instead, which mcp-agent snapshot does by itself");
  }
}

export function judgeIntegrity(database: string, bytes: number, problems: readonly string[]): Judgement {
  if (problems.length === 0) return fine(database, `it is whole, ${mebibytes(bytes)}`);
  return problem(
    database,
    `it is damaged: ${problems.join("; ")}`,
    "stop the agent, keep a copy of the file, and restore the latest snapshot",
  );
}

export function judgeWal(file: string, bytes: number): Judgement {
  const found = `${mebibytes(bytes)} wait to be written to the registry`;
  if (bytes < largeWalBytes) return fine(file, found);
  return warning(file, found, "end what keeps the registry open for reading: lsof <file>");
}

async function sizeOf(file: string): Promise<number> {
  const status = await stat(file).catch(() => undefined);
  return status?.size ?? 0;
}

function mebibytes(sizeBytes: number): string {
  return `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
}
