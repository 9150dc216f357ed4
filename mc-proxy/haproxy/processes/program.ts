import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";

/** The HAProxy that is installed. */
export interface HaproxyProgram {
  readonly path: string;
  /** e.g. `2.6.12-1+deb12u4` */
  readonly version: string;
}

/** The first version that swaps maps as a whole and takes certificates by its admin socket as we need it. */
const oldest = { major: 2, minor: 4 };
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Asks HAProxy for its version.
 * @param program a path, or a name to be found in PATH and where systems have their daemons
 * @throws DetailedError HAPROXY_MISSING, HAPROXY_TOO_OLD */
export async function findHaproxy(program: string): Promise<HaproxyProgram> {
  const version = parseVersion(await versionOutput(program));
  if (version === undefined) throw missing(program, "it does not say its version as HAProxy does");
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor))
    throw tooOld(program, version);
  return { path: program, version };
}

/** The version in what `haproxy -v` prints; undefined: it is not from HAProxy. */
export function parseVersion(output: string): string | undefined {
  return /^HA-?Proxy version (\d+\.\d+\S*)/m.exec(output)?.[1];
}

/** What HAProxy sees of our environment. */
export function haproxyEnvironment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env["PATH"] ?? ""}:${searchPath}` };
}

async function versionOutput(program: string): Promise<string> {
  try {
    const options = { env: haproxyEnvironment(), timeout: 10_000, maxBuffer: 1024 * 1024 };
    return (await promisify(execFile)(program, ["-v"], options)).stdout;
  } catch (thrown) {
    throw missing(program, messageOf(thrown), thrown);
  }
}

function missing(program: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "HAPROXY_MISSING",
    category: "failed-precondition",
    attempted: "find HAProxy as",
    subject: program,
    found,
    remedy: "install HAProxy 2.4 or newer, on Debian by: apt-get install haproxy",
    cause,
  });
}

function tooOld(program: string, version: string): DetailedError {
  return new DetailedError({
    code: "HAPROXY_TOO_OLD",
    category: "failed-precondition",
    attempted: "use HAProxy at",
    subject: program,
    found: `it is version ${version}`,
    remedy: `install version ${oldest.major}.${oldest.minor} or newer`,
  });
}
