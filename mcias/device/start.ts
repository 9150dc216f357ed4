import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { addressOf } from "../http/address.ts";
import { HttpError } from "../http/http-error.ts";
import type { Handler } from "../http/router.ts";
import { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";

/** Everybody may start a device login, and each is a record for ten minutes: bounded per address. */
const STARTS = { maxFailures: 120, windowMs: 600_000 };

export function deviceStartHandler(start: Handler, clock: Pick<Clock, "now">): Handler {
  const starts = new AddressLimit(STARTS, clock);
  return async (request, response) => {
    const address = addressOf(request);
    const waitMs = starts.blockedForMs(address);
    if (waitMs > 0) {
      const retryAfter = String(Math.ceil(waitMs / 1000));
      throw new HttpError(
        429,
        "too_many_attempts",
        `too many logins started; try again in ${retryAfter} seconds`,
        {
          "retry-after": retryAfter,
        },
      );
    }
    starts.recordFailure(address);
    await start(request, response);
  };
}
