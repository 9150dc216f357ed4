import type { JSONWebKeySet } from "jose";
import { createLocalJWKSet } from "jose/jwks/local";
import type { Agent } from "node:https";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import { type JsonRequest, type JsonResponse, requestJson } from "../http/json-client.ts";
import { systemCodeOf } from "../system-code.ts";
import { identityUnavailable } from "./token-errors.ts";

export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** What the verifier asks of an OpenID provider. All failures are IDENTITY_UNAVAILABLE. */
export interface Provider {
  /** The signing keys, at most `maxAgeMs` old. */
  keys(): Promise<KeySet>;
  /** Keys newer than `older`, or undefined when there are none and it is too early to look again. */
  newerKeys(older: KeySet): Promise<KeySet | undefined>;
  introspect(token: string): Promise<Introspection>;
}

const metadataSchema = z.object({
  issuer: z.string(),
  jwks_uri: z.url({ protocol: /^https$/ }),
  introspection_endpoint: z.url({ protocol: /^https$/ }),
});

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** RFC 7662 section 2.2 with our two extensions. */
const introspectionSchema = z.discriminatedUnion("active", [
  z.object({ active: z.literal(false) }),
  z.object({
    active: z.literal(true),
    sub: z.string().min(1),
    username: z.string().min(1),
    account_type: z.enum(["human", "system"]),
    roles: z.array(z.string()),
    exp: z.number().positive(),
  }),
]);

export type Introspection = z.output<typeof introspectionSchema>;

const maxAgeMs = 600_000;
const refetchPauseMs = 5_000;

/** @param options.introspectionToken our own token, sent as bearer token with each introspection (RFC 7662
 * section 2.1) */
export function createProvider(options: {
  issuer: string;
  agent: Agent;
  introspectionToken: () => Promise<string>;
  clock: Clock;
  timeoutMs: number;
}): Provider {
  const { issuer, agent, clock, timeoutMs } = options;
  let current: { fetched: Promise<Fetched>; atMs: number } | undefined;

  function fetchNow(): Promise<Fetched> {
    const fetched = fetchKeys(issuer, ask);
    const mine = { fetched, atMs: clock.now() };
    current = mine;
    fetched.catch(() => {
      if (current === mine) current = undefined;
    });
    return fetched;
  }

  function ask(request: JsonRequest): Promise<unknown> {
    return askProvider(issuer, { ...request, agent, timeoutMs });
  }

  function latest(): Promise<Fetched> {
    return current === undefined || clock.now() - current.atMs > maxAgeMs ? fetchNow() : current.fetched;
  }

  return {
    keys: async () => (await latest()).keys,
    async newerKeys(older) {
      const recent = current !== undefined && clock.now() - current.atMs < refetchPauseMs;
      const { keys } = await (recent ? latest() : fetchNow());
      return keys === older ? undefined : keys;
    },
    async introspect(token) {
      const { introspectionEndpoint } = await latest();
      const answer = await ask({
        url: introspectionEndpoint,
        form: { token, token_type_hint: "access_token" },
        headers: { authorization: `Bearer ${await ownToken(issuer, options.introspectionToken)}` },
      });
      return expect(issuer, introspectionSchema, answer, "introspection");
    },
  };
}

interface Fetched {
  readonly keys: KeySet;
  readonly introspectionEndpoint: string;
}

/** OpenID Connect Discovery 1.0 section 4, then the key set it names. */
async function fetchKeys(issuer: string, ask: (request: JsonRequest) => Promise<unknown>): Promise<Fetched> {
  const metadataUrl = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const metadata = expect(issuer, metadataSchema, await ask({ url: metadataUrl }), "discovery");
  if (metadata.issuer !== issuer) {
    throw identityUnavailable(issuer, `it says that its issuer is ${metadata.issuer}`);
  }
  const answer = await ask({ url: metadata.jwks_uri });
  const keySet: JSONWebKeySet = expect(issuer, keySetSchema, answer, "key set");
  return { keys: createLocalJWKSet(keySet), introspectionEndpoint: metadata.introspection_endpoint };
}

async function askProvider(issuer: string, request: JsonRequest): Promise<unknown> {
  try {
    const { status, body } = await requestAgainIfReset(request);
    if (status === 200) return body;
    const refused = status === 401 || status === 403;
    const reason = refused ? ": it does not accept this service's own credentials" : "";
    throw identityUnavailable(issuer, `it answered ${status}${reason}`);
  } catch (cause) {
    if (cause instanceof DetailedError && cause.code === "IDENTITY_UNAVAILABLE") throw cause;
    const found = cause instanceof DetailedError ? cause.found : "the request failed";
    throw identityUnavailable(issuer, found, cause);
  }
}

/** A kept connection may end just when it is used again; all our questions can be asked twice. */
async function requestAgainIfReset(request: JsonRequest): Promise<JsonResponse> {
  try {
    return await requestJson(request);
  } catch (thrown) {
    const cause = thrown instanceof DetailedError ? systemCodeOf(thrown.cause) : "";
    if (cause === "ECONNRESET" || cause === "EPIPE") return requestJson(request);
    throw thrown;
  }
}

async function ownToken(issuer: string, introspectionToken: () => Promise<string>): Promise<string> {
  try {
    return await introspectionToken();
  } catch (cause) {
    throw identityUnavailable(issuer, "this service has no token of its own to ask with", cause);
  }
}

function expect<S extends z.ZodType>(issuer: string, schema: S, answer: unknown, name: string): z.output<S> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw identityUnavailable(issuer, `its ${name} answer is not usable`, parsed.error);
}
