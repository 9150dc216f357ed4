import type { Announcement } from "@metacircular/mcp-core/alert.ts";
import type { AlertCommand } from "../monitor/alert.ts";
import { createAlertDesk } from "../monitor/alert-desk.ts";
import { createObserverWorld } from "./monitor-fakes.ts";

/** A registry and a command that is not run: what it was asked for is in `announced`, and `ends` takes what became
 * of it. */
export async function createDeskWorld({ cooldownMs }: { cooldownMs: number }) {
  const world = await createObserverWorld();
  const announced: Announcement[] = [];
  const ends: ((problem: string) => void)[] = [];
  const command: AlertCommand = {
    argv: ["/usr/local/bin/notify"],
    run(announcement, ended) {
      announced.push(announcement);
      ends.push(ended);
    },
    try: () => Promise.resolve({ problem: "", output: "" }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return Object.assign(world, {
    announced,
    ends,
    /** A desk of an agent that is started. */
    openDesk: (nowMs = 0) => createAlertDesk({ ...world, command, cooldownMs, nowMs }),
  });
}
