import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { type Finding, type Judgement, named, unknown } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check, Patient } from "./check.ts";

/** For one check. */
const limitMs = 8_000;
const atOnce = 6;

/** Makes all checks and returns what each found, in the order of the checks. One that fails or takes too long does
 * not hide the others. */
export async function diagnose(
  checks: readonly Check[],
  patient: Patient,
  signal: AbortSignal,
): Promise<Finding[]> {
  const found: Finding[][] = [];
  const waiting = checks.entries();
  // Each takes the next one that nobody has taken.
  const worker = async (): Promise<void> => {
    for (const [index, check] of waiting) {
      found[index] = named(check.name, await judgementsOf(check, patient, signal));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return found.flat();
}

async function judgementsOf(
  check: Check,
  patient: Patient,
  signal: AbortSignal,
): Promise<readonly Judgement[]> {
  signal.throwIfAborted();
  const ended = new AbortController();
  const own = AbortSignal.any([signal, ended.signal]);
  try {
    const made = Promise.resolve().then(() => check.run(patient, own));
    return await Promise.race([made, tooSlow(patient.clock, own)]);
  } catch (error) {
    signal.throwIfAborted();
    return [notMade(check.name, error)];
  } finally {
    // Ends the check, or the wait for it.
    ended.abort();
  }
}

async function tooSlow(clock: Clock, signal: AbortSignal): Promise<readonly Judgement[]> {
  await clock.sleep(limitMs, signal);
  return [
    unknown("", `the check did not end within ${limitMs / 1_000} s`, "look whether the node is overloaded"),
  ];
}

function notMade(name: string, error: unknown): Judgement {
  if (error instanceof DetailedError) return unknown(error.subject, error.found, error.remedy);
  const remedy = "report it, with the agent's log: journalctl -u mcp-agent";
  return unknown("", `the check ${name} failed: ${messageOf(error)}`, remedy);
}
