import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { findHaproxy } from "@metacircular/mc-proxy/haproxy/processes/program.ts";
import { statfs } from "node:fs/promises";
import { Podman, type PodmanFacts, podmanUnusable } from "../containers/podman.ts";

const freeBytesMinimum = 500 * 1024 * 1024;

/** This program was not there before: an earlier clock is wrong, and no certificate would be valid. */
const earliestTimeMs = Date.parse("2026-11-01T00:00:00Z");

/** Everything that has to be so before anything is started. All that is missing is said at once.
 * @throws DetailedError the one failure, or `PREREQUISITES_MISSING` with all of them */
export async function checkPrerequisites(options: {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly nowMs: number;
}): Promise<PodmanFacts> {
  const checks = await Promise.allSettled([
    checkPodman(options.environment),
    checkDisk(options.directory),
    checkTime(options.nowMs),
    findHaproxy("haproxy"),
  ]);
  const failures = checks.flatMap((check) => (check.status === "rejected" ? [check.reason as unknown] : []));
  const [podman] = checks;
  if (failures.length === 0 && podman.status === "fulfilled") return podman.value;
  throw failures.length === 1 ? failures[0] : severalMissing(failures);
}

async function checkPodman(environment: Readonly<Record<string, string>>): Promise<PodmanFacts> {
  let facts: PodmanFacts;
  try {
    facts = await new Podman(environment).facts();
  } catch (thrown) {
    throw podmanUnusable(thrown);
  }
  if (Number.parseInt(facts.version, 10) >= 4) return facts;
  throw new DetailedError({
    code: "PODMAN_TOO_OLD",
    category: "failed-precondition",
    attempted: "use podman",
    found: `it has version ${facts.version}`,
    remedy: "install version 4 or newer",
  });
}

async function checkDisk(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= freeBytesMinimum) return;
  throw new DetailedError({
    code: "DISK_FULL",
    category: "resource-exhausted",
    attempted: "start a platform in",
    subject: directory,
    found: `${megabytes(freeBytes)} free on its disk`,
    remedy: `free ${megabytes(freeBytesMinimum)}, or name a directory on another disk with --state`,
  });
}

async function checkTime(nowMs: number): Promise<void> {
  if (nowMs >= earliestTimeMs) return;
  throw new DetailedError({
    code: "CLOCK_WRONG",
    category: "failed-precondition",
    attempted: "start a platform",
    found: `this machine's clock says ${new Date(nowMs).toISOString()}`,
    remedy: "set the clock; certificates and logins depend on it",
  });
}

function severalMissing(failures: readonly unknown[]): DetailedError {
  return new DetailedError({
    code: "PREREQUISITES_MISSING",
    category: "failed-precondition",
    attempted: "start a platform",
    found: `${failures.length} prerequisites are missing`,
    output: failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))),
    cause: new AggregateError(failures),
  });
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / (1024 * 1024))} MiB`;
}
