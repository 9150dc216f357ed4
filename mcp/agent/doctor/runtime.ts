import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import type { Check } from "./check.ts";

const oldestMajor = 4;
const slowMs = 2_000;

/** Whether the container runtime answers, how fast, and with what. */
export const runtimeCheck: Check = {
  name: "runtime",
  async run({ runtime, runtimeInfo }, signal) {
    try {
      const { info, tookMs } = await runtimeInfo();
      return judgeRuntime(runtime.name, info, tookMs);
    } catch (error) {
      if (signal.aborted || !(error instanceof DetailedError)) throw error;
      const remedy = error.remedy === "" ? `${runtime.name} info` : error.remedy;
      return [problem(runtime.name, error.found, remedy)];
    }
  },
};

/** @param tookMs that the runtime needed to tell how it is set up */
export function judgeRuntime(name: string, info: RuntimeInfo, tookMs: number): Judgement[] {
  const subject = `${name} ${info.version}`;
  const took = `it answers in ${Math.round(tookMs)} ms, ${info.rootless ? "without root" : "as root"}`;
  return [judgeVersion(), judgeStorage(name, info), judgeCgroups(info)];

  function judgeVersion(): Judgement {
    const major = Number(info.version.split(".", 1)[0]);
    if (major < oldestMajor) {
      return problem(subject, `it is older than version ${oldestMajor}`, `upgrade ${name}`);
    }
    const remedy = `see what keeps it busy: ${name} system df; top`;
    return tookMs > slowMs ? warning(subject, took, remedy) : fine(subject, took);
  }
}

function judgeStorage(name: string, { storageDriver }: RuntimeInfo): Judgement {
  const subject = "storage driver";
  if (storageDriver !== "vfs") return fine(subject, storageDriver);
  return warning(
    subject,
    "vfs copies the whole image for each container",
    `install fuse-overlayfs, set driver = "overlay" in storage.conf, then: ${name} system reset (removes all images and containers)`,
  );
}

function judgeCgroups({ cgroupVersion, cgroupControllers, rootless }: RuntimeInfo): Judgement {
  const subject = "control groups";
  const found = `${cgroupVersion}, with ${cgroupControllers.join(", ") || "no controllers"}`;
  if (cgroupVersion === "v1") {
    const remedy = "boot with systemd.unified_cgroup_hierarchy=1 before you upgrade podman to version 5";
    return warning(subject, `${found}; newer runtimes need version 2`, remedy);
  }
  const missing = ["memory", "pids"].filter((controller) => !cgroupControllers.includes(controller));
  if (missing.length === 0) return fine(subject, found);
  const remedy = rootless
    ? "give the user its controllers: [Service] Delegate=cpu cpuset io memory pids in /etc/systemd/system/user@.service.d/delegate.conf, then log out and in"
    : "enable the controllers in /sys/fs/cgroup/cgroup.subtree_control";
  return warning(
    subject,
    `${found}; without ${missing.join(" and ")} limits of containers do not work`,
    remedy,
  );
}
