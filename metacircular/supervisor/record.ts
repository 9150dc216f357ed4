import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { readFile } from "node:fs/promises";
import { z } from "zod";

const identity = { pid: z.int(), startTicks: z.int() };

const programSchema = z.object({
  name: z.string(),
  /** The instance that was started last. */
  ...identity,
  /** Signature of its inputs when it was started. */
  inputs: z.string(),
  /** Starts after the first one. */
  restarts: z.int(),
  /** How the instance before it, or this one, ended. */
  lastEnd: z.object({ atMs: z.number(), how: z.string() }).optional(),
});

const recordSchema = z.object({ ...identity, programs: z.array(programSchema) });

export type ProgramRecord = z.infer<typeof programSchema>;

/** What a supervisor says about itself and its programs. It can be out of date: ask the kernel who lives. */
export type SupervisorRecord = z.infer<typeof recordSchema>;

/** Undefined when there is none that can be read. */
export async function readRecord(path: string): Promise<SupervisorRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    // It only saves restarts: without it whatever runs is stopped and started anew.
    return undefined;
  }
}

export async function writeRecord(path: string, record: SupervisorRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}
