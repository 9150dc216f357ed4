import { stat } from "node:fs/promises";
import { fine, type Judgement, unknown, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

const mostMovedMs = 5_000;

/** Whether something keeps the clock right, and whether it was moved while the agent ran. */
export const clockCheck: Check = {
  name: "clock",
  async run({ clockMovedMs }) {
    const paths = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/ntpd.pid"];
    const found = await Promise.all(
      paths.map((path) =>
        stat(path).then(
          () => true,
          () => false,
        ),
      ),
    );
    return [judgeSynchronised(found[0] === true, found.includes(true)), judgeMoved(clockMovedMs())];
  },
};

export function judgeSynchronised(synchronised: boolean, daemon: boolean): Judgement {
  const subject = "synchronisation";
  if (synchronised) return fine(subject, "the clock is synchronised");
  if (daemon) return fine(subject, "a time daemon runs");
  return unknown(
    subject,
    "nothing on the node tells whether its clock is kept right",
    "run systemd-timesyncd or chrony, as root: timedatectl set-ntp true",
  );
}

export function judgeMoved(movedMs: number): Judgement {
  const subject = "jumps";
  if (Math.abs(movedMs) <= mostMovedMs) return fine(subject, "the clock was not moved while the agent ran");
  const direction = movedMs > 0 ? "forward" : "back";
  return warning(
    subject,
    `the clock was moved ${direction} by ${Math.round(Math.abs(movedMs) / 1_000)} s while the agent ran, or the node was suspended`,
    "restart the agent when the clock is right: times before that are off",
  );
}
