import { stat } from "node:fs/promises";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Whether the containers of an ordinary user outlive its logins. */
export const lingeringCheck: Check = {
  name: "lingering",
  async run({ user, runtimeInfo }) {
    const { rootless } = (await runtimeInfo()).info;
    const [systemd, lingers] = await Promise.all([
      exists("/run/systemd/system"),
      exists(`/var/lib/systemd/linger/${user.name}`),
    ]);
    return [judgeLingering(user.name, { needed: rootless && systemd, lingers })];
  },
};

export function judgeLingering(
  user: string,
  { needed, lingers }: { needed: boolean; lingers: boolean },
): Judgement {
  const subject = `user ${user}`;
  if (!needed) return fine(subject, "lingering is not needed");
  if (lingers) return fine(subject, "its processes outlive its logins");
  return problem(
    subject,
    "its containers are killed when it logs out, and do not start after a boot",
    `as root: loginctl enable-linger ${user}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
