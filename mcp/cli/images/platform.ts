import { readFileSync } from "node:fs";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Architecture } from "../config/node-rules.ts";

/** What this machine is. */
export function ownArchitecture(): Architecture {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

const emulators: Readonly<Record<Architecture, string>> = { amd64: "qemu-x86_64", arm64: "qemu-aarch64" };

/** Whether this machine runs programs of that architecture, by itself or by an emulator that is registered.
 * Source: Linux, Documentation/admin-guide/binfmt-misc.rst. */
export function canRun(architecture: Architecture, registrations = "/proc/sys/fs/binfmt_misc"): boolean {
  if (architecture === ownArchitecture()) return true;
  try {
    return readFileSync(`${registrations}/${emulators[architecture]}`, "utf8").startsWith("enabled");
  } catch {
    return false;
  }
}

/** Whether a build for another architecture runs programs of it: an instruction RUN in a stage that is not for the
 * building machine by `FROM --platform=`. Where it cannot be told, it does. */
export function runsPrograms(dockerfile: string): boolean {
  let isForeign = true;
  for (const line of dockerfile.replaceAll(/\\\r?\n/g, " ").split("\n")) {
    if (/^\s*FROM\s/i.test(line)) isForeign = !/\s--platform=\S*BUILDPLATFORM/i.test(line);
    else if (/^\s*(RUN|ONBUILD\s+RUN)\s/i.test(line) && isForeign) return true;
  }
  return false;
}

export function platformUnsupported(image: string, architecture: Architecture): DetailedError {
  return new DetailedError({
    code: "PLATFORM_UNSUPPORTED",
    category: "failed-precondition",
    attempted: "build image",
    subject: image,
    found: `it runs programs of linux/${architecture} while it is built, and this ${ownArchitecture()} machine has no emulator for them`,
    remedy:
      "install one, with `apt-get install qemu-user-static binfmt-support`; or build on such a machine, or let the Dockerfile run programs only in stages FROM --platform=$BUILDPLATFORM",
  });
}
