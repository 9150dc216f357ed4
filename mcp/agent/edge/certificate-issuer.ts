import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { Challenger } from "./acme/challenges.ts";
import { issueCertificate } from "./acme/issue.ts";
import { thumbprint } from "./acme/jws.ts";
import { createReachability } from "./reachability.ts";
import { type AcmeSession, type AcmeSettings, createAcmeSession } from "./acme/session.ts";

/** Gets certificates from an authority. */
export interface CertificateIssuer {
  /** Key and certificate with its chain, in PEM. Ends by itself after a minute.
   * @throws DetailedError of category unavailable where it may succeed later, else with what was refused */
  issue(hostname: string, signal: AbortSignal): Promise<{ key: string; chain: string }>;
  /** Whether the authority answers.
   * @throws DetailedError */
  check(signal: AbortSignal): Promise<void>;
}

const issueTimeoutMs = 60_000;
/** Orders at once; an authority counts them. */
const mostAtOnce = 4;

export function createCertificateIssuer(options: {
  settings: AcmeSettings;
  accountKeyFile: string;
  challenger: (accountThumbprint: string) => Challenger;
  clock: Clock;
}): CertificateIssuer & AsyncDisposable {
  const { settings, clock } = options;
  const stopped = new AbortController();
  let opened: Promise<{ session: AcmeSession; challenger: Challenger }> | undefined;
  const slots = new Set<Promise<unknown>>();
  const reachability = createReachability(clock);

  async function open() {
    const key = await accountKey(options.accountKeyFile);
    const session = createAcmeSession(settings, key, stopped.signal);
    return { session, challenger: options.challenger(thumbprint(key)) };
  }

  function account(): ReturnType<typeof open> {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  }

  async function issueNow(hostname: string, caller: AbortSignal) {
    const timeout = AbortSignal.timeout(issueTimeoutMs);
    const signal = AbortSignal.any([caller, stopped.signal, timeout]);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    try {
      const { session, challenger } = await account();
      const chain = await issueCertificate(hostname, privateKey, { session, challenger, clock, signal });
      return { key: privateKey.export({ type: "pkcs8", format: "pem" }), chain };
    } catch (error) {
      caller.throwIfAborted();
      if (timeout.aborted) throw tooSlow(hostname, error);
      throw error;
    }
  }

  return {
    async issue(hostname, signal) {
      while (slots.size >= mostAtOnce) await Promise.race(slots);
      signal.throwIfAborted();
      const issued = reachability.callOnce(() => issueNow(hostname, signal));
      const slot = issued.catch(() => undefined).finally(() => slots.delete(slot));
      slots.add(slot);
      return issued;
    },
    async check(signal) {
      const { session } = await account();
      await session.check(signal);
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new Error("the agent is stopping"));
      await Promise.allSettled(slots);
    },
  };
}

/** The account's key, made where there is none. */
async function accountKey(file: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(file, "utf8"));
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw unusable(file, error);
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFileAtomic(file, pem, { mode: 0o600 }).catch((error: unknown) => {
    throw unusable(file, error);
  });
  return privateKey;
}

function unusable(file: string, cause: unknown): DetailedError {
  return new DetailedError({
    code: "ACME_ACCOUNT_KEY_UNUSABLE",
    category: "failed-precondition",
    attempted: "use the ACME account key",
    subject: file,
    found: "it cannot be read as a private key, or cannot be written",
    remedy: "correct account_key_path in [acme], or remove the file: then a new account is made",
    cause,
  });
}

function tooSlow(hostname: string, cause: unknown): DetailedError {
  return new DetailedError({
    code: "ACME_UNAVAILABLE",
    category: "deadline-exceeded",
    attempted: "get a certificate for",
    subject: hostname,
    found: `none within ${issueTimeoutMs / 1_000} s`,
    remedy: "nothing: it is tried again; docs/edge.md says what to look at when it lasts",
    cause,
  });
}
