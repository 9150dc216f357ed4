import { randomBytes } from "node:crypto";
import { tokenExpired, tokenInvalid } from "@metacircular/mcdsl/auth/token-errors.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
// By part: the whole of jose costs each program 3 MB of memory and 20 ms.
import * as errors from "jose/errors";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import { z } from "zod";
import type { Action, Caller } from "../access/access.ts";
import { TOKEN_ALGORITHM, type TokenKeys } from "./token-keys.ts";

export const TOKEN_LIFETIME_MS = 300_000;

const MAX_TOKEN_CHARACTERS = 16 * 1024;

/** What a token is for. What the rules say counts besides. */
export interface TokenAccess {
  readonly catalog: boolean;
  readonly repositories: ReadonlyMap<string, ReadonlySet<Action>>;
}

export interface RegistryToken {
  readonly caller: Caller;
  readonly access: TokenAccess;
}

/** Our tokens: JWTs by Docker's token authentication specification ("Token Authentication Implementation"), with the kind
 * and the roles of the account besides. */
export interface RegistryTokens {
  /** @param expiresAtMs at most five minutes from now */
  sign(token: RegistryToken, expiresAtMs: number): Promise<string>;
  /** @throws DetailedError TOKEN_INVALID, TOKEN_EXPIRED; of category unavailable where the database cannot serve */
  verify(token: string): Promise<RegistryToken>;
  /** Written into every token as `iss`: whose token it is can be seen before it is verified. */
  readonly issuer: string;
}

const claimsSchema = z.object({
  sub: z.string(),
  account_type: z.enum(["anonymous", "human", "system"]),
  roles: z.array(z.string()),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })),
});

type Entry = z.output<typeof claimsSchema>["access"][number];

export function createRegistryTokens(parts: {
  readonly keys: TokenKeys;
  /** Origin under which clients reach the registry. */
  readonly issuer: string;
  /** The name of the registry in the token flow; the audience of its tokens. */
  readonly service: string;
  readonly clock: Pick<Clock, "now">;
}): RegistryTokens {
  const { keys, issuer, service, clock } = parts;
  return {
    issuer,
    async sign({ caller, access }, expiresAtMs) {
      const { kid, key } = await keys.signing();
      const nowSeconds = Math.floor(clock.now() / 1000);
      return new SignJWT({ account_type: caller.kind, roles: [...caller.roles], access: entriesOf(access) })
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: "JWT", kid })
        .setIssuer(issuer)
        .setSubject(caller.name)
        .setAudience(service)
        .setIssuedAt(nowSeconds)
        .setExpirationTime(Math.floor(expiresAtMs / 1000))
        .setJti(randomBytes(16).toString("base64url"))
        .sign(key);
    },
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARACTERS) throw tokenInvalid("it is too long to be a token");
      const { sub, account_type: kind, roles, access } = await verified(token);
      return { caller: { kind, name: sub, roles }, access: accessOf(access) };
    },
  };

  async function verified(token: string): Promise<z.output<typeof claimsSchema>> {
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid = "" }) => {
          const key = await keys.verifying(kid);
          if (key === undefined) throw new errors.JWKSNoMatchingKey();
          return key;
        },
        {
          issuer,
          audience: service,
          algorithms: [TOKEN_ALGORITHM],
          typ: "JWT",
          requiredClaims: ["exp"],
          currentDate: new Date(clock.now()),
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        },
      );
      return claimsSchema.parse(payload);
    } catch (thrown) {
      if (thrown instanceof errors.JWTExpired) throw tokenExpired();
      if (thrown instanceof errors.JOSEError)
        throw tokenInvalid("it is not a token of this registry", thrown);
      throw thrown;
    }
  }
}

/** Between the clocks of several servers on one database. */
const CLOCK_TOLERANCE_SECONDS = 5;

function entriesOf({ catalog, repositories }: TokenAccess): Entry[] {
  const list = [...repositories].map(([name, actions]) => ({
    type: "repository",
    name,
    actions: [...actions],
  }));
  return catalog ? [...list, { type: "registry", name: "catalog", actions: ["*"] }] : list;
}

function accessOf(entries: readonly Entry[]): TokenAccess {
  const repositories = entries
    .filter(({ type }) => type === "repository")
    .map(({ name, actions }) => [name, new Set(actions.filter(isAction))] as const);
  const catalog = entries.some(({ type, name }) => type === "registry" && name === "catalog");
  return { catalog, repositories: new Map(repositories) };
}

function isAction(text: string): text is Action {
  return text === "pull" || text === "push" || text === "delete";
}
