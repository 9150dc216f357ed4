import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { watchIdle } from "@metacircular/mcdsl/idle-watch.ts";

/** A transfer that moves nothing for this long is given up. The whole may take as long as it takes. The agent gives
 * up earlier, and says why. */
const idleMs = 120_000;

/** Runs a call until nothing moves any more.
 * @param call is given what to call when something has moved, and the signal that ends it
 * @throws DetailedError FILE_TRANSFER_STALLED */
export async function untilStalled<T>(
  clock: Clock,
  signal: AbortSignal,
  call: (moved: () => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  using watch = watchIdle(clock, idleMs, () => stalled.abort(transferStalled()));
  try {
    return await call(() => watch.touch(), AbortSignal.any([signal, stalled.signal]));
  } catch (thrown) {
    throw stalled.signal.aborted ? stalled.signal.reason : thrown;
  }
}

function transferStalled(): DetailedError {
  return new DetailedError({
    code: "FILE_TRANSFER_STALLED",
    category: "deadline-exceeded",
    attempted: "transfer a file",
    found: `nothing moved for ${idleMs / 1000} s`,
    remedy: "check the network between, and the agent's log",
  });
}
