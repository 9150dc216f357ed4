import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type JsonResponse, requestJson } from "@metacircular/mcdsl/http/json-client.ts";
import { authenticated, type Jws, publicJwk, signed } from "./jws.ts";
import { acmeError, acmeInvalid, type AcmeProblem } from "./problem.ts";

export interface AcmeSettings {
  readonly directoryUrl: string;
  /** PEM file of the only authorities to trust; undefined: the well-known ones. */
  readonly caFile: string | undefined;
  /** e.g. `mailto:ops@example.net` */
  readonly contact: readonly string[];
  /** Binds the account to one that the authority knows; the key is base64url. */
  readonly externalAccount?: { readonly keyId: string; readonly key: () => Promise<string> } | undefined;
}

/** Signed requests to an ACME server (RFC 8555, section 6), in the name of one account. */
export interface AcmeSession {
  /** Signs and sends; undefined payload: POST-as-GET. Anything but success is thrown.
   * @throws DetailedError ACME_UNAVAILABLE, ACME_REFUSED and those of `requestJson` */
  post(url: string, payload: unknown, about: About): Promise<JsonResponse>;
  newOrderUrl(signal: AbortSignal): Promise<string>;
  /** Reads the directory anew. */
  check(signal: AbortSignal): Promise<void>;
}

export interface About {
  readonly attempted: string;
  readonly subject: string;
  readonly signal: AbortSignal;
}

const directorySchema = z.looseObject({
  newNonce: z.url(),
  newAccount: z.url(),
  newOrder: z.url(),
});
type Directory = z.output<typeof directorySchema>;

const requestTimeoutMs = 15_000;
const mostNonceRetries = 5;

/** Nothing is sent before the first request; then the account is made, or found where it exists. */
export function createAcmeSession(
  settings: AcmeSettings,
  accountKey: KeyObject,
  signal: AbortSignal,
): AcmeSession {
  const { directoryUrl, caFile } = settings;
  const reading = { attempted: "read the ACME directory", subject: directoryUrl };
  const state: { directory?: Directory; account?: string; nonce?: string | undefined } = {};

  async function send(url: string, about: About, request: { method?: string; body?: Jws } = {}) {
    const response = await requestJson({
      url,
      caFile,
      timeoutMs: requestTimeoutMs,
      signal: AbortSignal.any([signal, about.signal]),
      ...request,
      ...(request.body === undefined ? {} : { headers: { "content-type": "application/jose+json" } }),
    });
    const nonce = response.headers["replay-nonce"];
    if (typeof nonce === "string") state.nonce = nonce;
    return response;
  }

  async function directory(about: About): Promise<Directory> {
    return state.directory ?? readDirectory(about);
  }

  async function readDirectory(about: About): Promise<Directory> {
    const { status, body } = await send(directoryUrl, about);
    if (status !== 200) throw acmeError({}, { ...about, subject: directoryUrl, status });
    const parsed = directorySchema.safeParse(body);
    if (!parsed.success) throw acmeInvalid("read the ACME directory", directoryUrl, "it is not one");
    return (state.directory = parsed.data);
  }

  async function nextNonce(about: About): Promise<string> {
    if (state.nonce === undefined) await send((await directory(about)).newNonce, about, { method: "HEAD" });
    const { nonce } = state;
    if (nonce === undefined) throw acmeInvalid("get a nonce from", directoryUrl, "the answer has none");
    state.nonce = undefined;
    return nonce;
  }

  async function postSigned(
    url: string,
    payload: unknown,
    identity: Readonly<Record<string, unknown>>,
    about: About,
  ): Promise<JsonResponse> {
    for (let retries = 0; ; retries += 1) {
      const nonce = await nextNonce(about);
      const response = await send(url, about, {
        method: "POST",
        body: signed({ nonce, url, ...identity }, payload, accountKey),
      });
      if (response.status < 400) return response;
      const problem = problemOf(response.body);
      const isStale = problem.type?.endsWith(":badNonce") === true;
      if (!isStale || retries === mostNonceRetries)
        throw acmeError(problem, { ...about, status: response.status });
    }
  }

  async function account(about: About): Promise<string> {
    if (state.account !== undefined) return state.account;
    const { newAccount } = await directory(about);
    const jwk = publicJwk(accountKey);
    const registration = await registrationOf(settings, newAccount, jwk);
    const { headers } = await postSigned(
      newAccount,
      registration,
      { jwk },
      {
        ...about,
        attempted: "register the ACME account at",
        subject: directoryUrl,
      },
    );
    if (headers.location === undefined)
      throw acmeInvalid("register the ACME account at", directoryUrl, "the answer names no account");
    return (state.account = headers.location);
  }

  return {
    async post(url, payload, about) {
      try {
        return await postSigned(url, payload, { kid: await account(about) }, about);
      } catch (error) {
        // Of an authority that was made anew; the next attempt registers again.
        if (error instanceof DetailedError && error.facts["problem"] === "accountDoesNotExist") {
          delete state.account;
          throw acmeError({ type: "serverInternal", detail: error.found }, { ...about, status: 0 });
        }
        throw error;
      }
    },
    newOrderUrl: async (caller) => (await directory({ ...reading, signal: caller })).newOrder,
    check: async (caller) => void (await readDirectory({ ...reading, signal: caller })),
  };
}

/** What an account is registered with (RFC 8555, section 7.3). */
async function registrationOf(
  { contact, externalAccount }: AcmeSettings,
  newAccount: string,
  jwk: ReturnType<typeof publicJwk>,
): Promise<Record<string, unknown>> {
  const registration = {
    termsOfServiceAgreed: true,
    ...(contact.length === 0 ? {} : { contact }),
  };
  if (externalAccount === undefined) return registration;
  const header = { kid: externalAccount.keyId, url: newAccount };
  return {
    ...registration,
    externalAccountBinding: authenticated(header, jwk, await externalAccount.key()),
  };
}

function problemOf(body: unknown): AcmeProblem {
  return typeof body === "object" && body !== null ? body : {};
}
