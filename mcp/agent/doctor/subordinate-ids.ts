import { constants } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** As many ids as images use. */
const neededIds = 65_536;
const firstFreeId = 100_000;

/** Whether containers without root have users and groups of their own. */
export const subordinateIdsCheck: Check = {
  name: "subordinate-ids",
  async run({ user, runtime, runtimeInfo, path }) {
    const { info } = await runtimeInfo();
    if (!info.rootless) return [fine("/etc/subuid, /etc/subgid", "not needed: the runtime runs as root")];
    const ranges = await Promise.all(
      (["subuid", "subgid"] as const).map(async (kind) =>
        judgeRanges({ kind, user, text: await readFile(`/etc/${kind}`, "utf8").catch(() => "") }),
      ),
    );
    const mappers = await Promise.all(
      (["newuidmap", "newgidmap"] as const).map(async (program) =>
        judgeMapper(program, await find(program, path)),
      ),
    );
    return [
      ...ranges,
      ...mappers,
      judgeMapped(runtime.name, Math.min(info.mappedUserIds, info.mappedGroupIds)),
    ];
  },
};

/** @param file.text of /etc/subuid or /etc/subgid */
export function judgeRanges(file: {
  readonly kind: "subuid" | "subgid";
  readonly user: { readonly id: number; readonly name: string };
  readonly text: string;
}): Judgement {
  const { kind, user, text } = file;
  const ranges = text
    .split("\n")
    .map((line) => line.trim().split(":"))
    .filter(([owner = "", , count = ""]) => owner !== "" && !owner.startsWith("#") && /^\d+$/.test(count));
  const own = ranges.filter(([owner]) => owner === user.name || owner === String(user.id));
  const ids = own.reduce((sum, [, , count]) => sum + Number(count), 0);
  if (ids >= neededIds) return fine(`/etc/${kind}`, `${ids} ids for ${user.name}`);
  const free = ranges.reduce(
    (end, [, first, count]) => Math.max(end, Number(first) + Number(count)),
    firstFreeId,
  );
  const option = kind === "subuid" ? "--add-subuids" : "--add-subgids";
  return problem(
    `/etc/${kind}`,
    own.length === 0 ? `no range for ${user.name}` : `only ${ids} ids for ${user.name}`,
    `as root: usermod ${option} ${free}-${free + neededIds - 1} ${user.name}; then as ${user.name}: podman system migrate`,
  );
}

/** @param mode permission bits; undefined: the program is missing */
export function judgeMapper(program: string, mode: number | undefined): Judgement {
  if (mode === undefined) return problem(program, "it is missing", "as root: apt-get install uidmap");
  // Without the bit it may still have a capability of the file, which the mapped ids tell.
  return fine(
    program,
    (mode & constants.S_IXUSR) === 0 ? "installed" : `installed, mode ${(mode & 0o7777).toString(8)}`,
  );
}

/** @param ids that the runtime really has got */
export function judgeMapped(name: string, ids: number): Judgement {
  const subject = "ids of containers";
  if (ids > neededIds) return fine(subject, `${ids} are mapped`);
  return problem(
    subject,
    `${name} has mapped ${ids}: images with more users cannot be unpacked`,
    `mend the ranges, see that newuidmap and newgidmap are setuid root (chmod u+s), then: ${name} system migrate`,
  );
}

async function find(program: string, path: string): Promise<number | undefined> {
  for (const directory of path.split(":")) {
    const status = await stat(join(directory, program)).catch(() => undefined);
    if (status?.isFile() === true) return status.mode;
  }
  return undefined;
}
