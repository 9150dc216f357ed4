import { mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** A holder that is older than this has died. */
const staleMs = 30_000;
const retryEveryMs = 50;

/** Holds `<path>.lock` until disposed, so that one process at a time renews the token: a refresh token that is
 * used twice counts as stolen. Waits for its turn; a lock left behind by a dead process is taken over. */
export async function lockFile(path: string, clock: Clock, signal: AbortSignal): Promise<AsyncDisposable> {
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.close();
      return { [Symbol.asyncDispose]: () => rm(lock, { force: true }) };
    } catch (thrown) {
      if (systemCodeOf(thrown) !== "EEXIST") throw thrown;
    }
    const status = await stat(lock).catch(() => undefined);
    if (status !== undefined && clock.now() - status.mtimeMs > staleMs) await rm(lock, { force: true });
    else await clock.sleep(retryEveryMs, signal);
  }
}
