import { createHash } from "node:crypto";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { recordName } from "@metacircular/mcp-core/edge/hostname.ts";
import type { NameRecords } from "../name-records.ts";
import type { ChallengeResponder } from "./http-responder.ts";

/** Proves by one kind of challenge (RFC 8555, section 8) that a host name is ours. */
export interface Challenger {
  readonly type: "http-01" | "dns-01";
  /** Makes the answer to be found; disposing it takes the answer away. */
  answer(hostname: string, token: string, signal: AbortSignal): Promise<AsyncDisposable>;
}

/** Answers by TXT records; several orders of the same name at once each have theirs. */
export function dnsChallenger(records: NameRecords, zone: string, thumbprint: string): Challenger {
  const shown = new Map<string, string[]>();

  async function publish(name: string, signal: AbortSignal): Promise<void> {
    const texts = (shown.get(name) ?? []).map((text) => `"${text}"`);
    await records.replace({ name, type: "TXT", data: texts, ttlS: challengeTtlS }, signal);
  }

  return {
    type: "dns-01",
    async answer(hostname, token, signal) {
      const relative = recordName(hostname, zone);
      if (relative === undefined) throw outsideZone(hostname, zone);
      const name = `_acme-challenge.${relative}`;
      const text = createHash("sha256").update(`${token}.${thumbprint}`).digest("base64url");
      shown.set(name, [...(shown.get(name) ?? []), text]);
      const withdraw = () => {
        const rest = (shown.get(name) ?? []).filter((other) => other !== text);
        if (rest.length === 0) shown.delete(name);
        else shown.set(name, rest);
      };
      try {
        await publish(name, signal);
      } catch (error) {
        withdraw();
        throw error;
      }
      return {
        async [Symbol.asyncDispose]() {
          withdraw();
          // Also where the order was broken off; what is left behind is harmless, and overwritten by the next.
          await publish(name, AbortSignal.timeout(cleanUpMs)).catch(() => undefined);
        },
      };
    },
  };
}

const challengeTtlS = 30;
const cleanUpMs = 5_000;

/** Answers over HTTP, to which the proxy leads `/.well-known/acme-challenge/`. */
export function httpChallenger(responder: ChallengeResponder, thumbprint: string): Challenger {
  return {
    type: "http-01",
    answer: (_, token) => Promise.resolve(responder.show(token, `${token}.${thumbprint}`)),
  };
}

function outsideZone(hostname: string, zone: string): DetailedError {
  return new DetailedError({
    code: "HOSTNAME_OUTSIDE_ZONE",
    category: "failed-precondition",
    attempted: "prove by dns-01 that we have",
    subject: hostname,
    found: `it is not below the zone ${zone}`,
    remedy: 'use challenge = "http-01" in [acme], or a host name in the zone',
  });
}
