import { unlessAborted } from "../unless-aborted.ts";
import { createHash } from "node:crypto";
import type { JWTPayload } from "jose";
// By part: the whole of jose costs each program 3 MB of memory and 20 ms.
import * as errors from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import type { Clock } from "../clock.ts";
import type { DetailedError } from "../errors.ts";
import { createHttpsAgent } from "../http/json-client.ts";
import { createAnswerCache } from "./answer-cache.ts";
import type { Identity, TokenVerifier } from "./identity.ts";
import { createProvider, type Introspection, type KeySet, type Provider } from "./provider.ts";
import { tokenExpired, tokenInvalid, tokenRevoked } from "./token-errors.ts";

export interface TokenVerifierOptions {
  /** URL of the OpenID provider, exactly as in its tokens. */
  readonly issuer: string;
  /** PEM file of the authorities to trust for it; default: the well-known ones. */
  readonly caFile?: string | undefined;
  /** The token with which this service itself asks the provider. */
  readonly introspectionToken: () => Promise<string>;
  readonly clock: Clock;
  /** Tokens for others are refused. Default: any audience. */
  readonly audience?: string | undefined;
  /** How long an answer counts: a revoked token may live that long. Default 30 s. */
  readonly cacheMs?: number;
  /** Answers remembered at once. Default 10,000. */
  readonly cacheEntries?: number;
  /** Time for one request to the provider. Default 5 s. */
  readonly timeoutMs?: number;
}

const maxTokenCharacters = 16_384;

type Answer = { identity: Identity } | { refused: DetailedError };

/** Verifies tokens with an OpenID provider: first the signature by its key set, so that garbage never reaches
 * the network, then by introspection (RFC 7662). Answers, yes and no, are remembered under the SHA-256 of the
 * token, never past its end; what the signature refuses is not, so that garbage cannot push them out.
 * Concurrent questions about one token are asked once. Disposing it closes its connections. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier & Disposable {
  const { clock, issuer, audience } = options;
  const cacheMs = options.cacheMs ?? 30_000;
  const agent = createHttpsAgent({ caFile: options.caFile });
  const { introspectionToken, timeoutMs = 5_000 } = options;
  const provider = createProvider({ issuer, agent, introspectionToken, clock, timeoutMs });
  const answers = createAnswerCache<Answer>({ maxEntries: options.cacheEntries ?? 10_000, clock });
  const pending = new Map<string, Promise<Answer>>();

  async function ask(token: string, key: string): Promise<Answer> {
    const claims = await verifySignature(token, { provider, clock, issuer, audience });
    const askedAtMs = clock.now();
    const answer = answerOf(claims, await provider.introspect(token), clock);
    const tokenEndMs = "identity" in answer ? answer.identity.expiresAtMs : Infinity;
    answers.set(key, answer, Math.min(askedAtMs + cacheMs, tokenEndMs));
    return answer;
  }

  return {
    async verify(token, signal) {
      signal?.throwIfAborted();
      if (token.length > maxTokenCharacters || !looksLikeJwt(token)) throw tokenInvalid("it is not a token");
      const key = createHash("sha256").update(token).digest("base64");
      const known = answers.get(key);
      if (known !== undefined) return identityOf(known);
      let question = pending.get(key);
      if (question === undefined) {
        question = ask(token, key).finally(() => {
          pending.delete(key);
        });
        pending.set(key, question);
      }
      return identityOf(await unlessAborted(question, signal));
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

function identityOf(answer: Answer): Identity {
  if ("refused" in answer) throw answer.refused;
  return answer.identity;
}

/** The claims of a token whose signature, issuer, audience and times are right. */
async function verifySignature(
  token: string,
  context: { provider: Provider; clock: Clock; issuer: string; audience: string | undefined },
): Promise<JWTPayload> {
  const { provider, clock, issuer, audience } = context;
  const expected = {
    issuer,
    ...(audience === undefined ? {} : { audience }),
    algorithms: ["EdDSA", "Ed25519"],
    requiredClaims: ["sub", "exp"],
    currentDate: new Date(clock.now()),
  };
  const verifyWith = async (keys: KeySet): Promise<JWTPayload> =>
    (await jwtVerify(token, keys, expected)).payload;
  const keys = await provider.keys();
  try {
    return await verifyWith(keys);
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw signatureProblem(thrown);
  }
  const newer = await provider.newerKeys(keys);
  if (newer === undefined) throw tokenInvalid("it is signed with an unknown key");
  try {
    return await verifyWith(newer);
  } catch (thrown) {
    throw signatureProblem(thrown);
  }
}

function signatureProblem(thrown: unknown): unknown {
  if (thrown instanceof errors.JWTExpired) return tokenExpired();
  if (thrown instanceof errors.JWKSNoMatchingKey)
    return tokenInvalid("it is signed with an unknown key", thrown);
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    return tokenInvalid(`its claim "${thrown.claim}" is not right for this service`, thrown);
  }
  if (thrown instanceof errors.JOSEError)
    return tokenInvalid("it is not signed by the identity service", thrown);
  return thrown;
}

function answerOf(claims: JWTPayload, introspection: Introspection, clock: Clock): Answer {
  if (!introspection.active) return { refused: tokenRevoked() };
  if (introspection.sub !== claims.sub) {
    return { refused: tokenInvalid("the identity service knows it as another account's") };
  }
  const expiresAtMs = Math.min(introspection.exp, claims.exp ?? 0) * 1000;
  if (expiresAtMs <= clock.now()) return { refused: tokenExpired() };
  const { sub: subject, username: name, account_type: kind, roles } = introspection;
  return { identity: { subject, name, kind, roles, expiresAtMs } };
}
