import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { healthChecks } from "../health/checks.ts";
import type { Platform } from "../platform.ts";
import { isAlive } from "../processes/process-table.ts";
import { logFile } from "../store/layout.ts";
import { lastLogLines } from "../store/log-tail.ts";
import { signatureOf } from "../supervisor/input-signature.ts";
import { type Program, programs } from "../supervisor/programs.ts";
import { readRecord } from "../supervisor/record.ts";

/** For slow and busy machines, where programs start at the same time: one that ends is told of much sooner. */
const timeoutMs = 180_000;
const pollMs = 150;

/** A program that ended so often since we began to wait will not become healthy by waiting. */
const endsMaximum = 3;

/** Waits until all programs run on the current configuration and answer.
 * @throws DetailedError `PROGRAM_NOT_HEALTHY` with the last lines of the program's log */
export async function waitUntilHealthy(platform: Platform): Promise<void> {
  const checks = healthChecks(platform);
  for (const program of programs(platform.layout, platform.host.checkout)) {
    await waitFor(platform, program, () => checks[program.name].check());
  }
}

async function waitFor(platform: Platform, program: Program, check: () => Promise<void>): Promise<void> {
  const { layout, host } = platform;
  const deadline = host.clock.now() + timeoutMs;
  const restartsBefore = (await recordOf(platform, program))?.restarts ?? 0;
  for (;;) {
    let failure: unknown;
    try {
      await checkInputs(platform, program);
      return await check();
    } catch (thrown) {
      failure = thrown;
    }
    const record = await recordOf(platform, program);
    const hopeless = (record?.restarts ?? 0) - restartsBefore >= endsMaximum;
    if (hopeless || host.clock.now() >= deadline) {
      const end = record?.lastEnd === undefined ? "" : ` (last time it ${record.lastEnd.how})`;
      throw await notHealthy(program, logFile(layout, program.name), `${messageOf(failure)}${end}`, failure);
    }
    await host.clock.sleep(pollMs);
  }
}

/** After a change of its files an answer counts only from an instance that has read them. */
async function checkInputs(platform: Platform, program: Program): Promise<void> {
  const record = await recordOf(platform, program);
  if (record?.inputs === (await signatureOf(program.inputs)) && isAlive(record)) return;
  throw new DetailedError({
    code: "PROGRAM_NOT_STARTED",
    category: "unavailable",
    attempted: "reach",
    subject: program.name,
    found: "it is not running yet",
  });
}

async function recordOf({ layout }: Platform, program: Program) {
  const record = await readRecord(layout.record);
  return record?.programs.find(({ name }) => name === program.name);
}

async function notHealthy(
  program: Program,
  log: string,
  found: string,
  cause: unknown,
): Promise<DetailedError> {
  return new DetailedError({
    code: "PROGRAM_NOT_HEALTHY",
    category: "unavailable",
    attempted: "start",
    subject: program.name,
    found,
    remedy: `read ${log}`,
    facts: { log },
    output: await lastLogLines(log),
    cause,
  });
}
