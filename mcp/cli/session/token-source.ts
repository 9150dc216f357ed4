import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { CliConfig } from "../config/load.ts";
import type { Invocation } from "../invocation.ts";
import type { Output } from "../output/output.ts";
import { givenToken } from "./given-token.ts";
import { lockFile } from "./lock.ts";
import { readPrivate, readTokenFile, type StoredToken, writeTokenFile } from "./token-file.ts";

/** A token that ends sooner is renewed before it is used. */
const renewBeforeMs = 30_000;

/** So long a token that was found is used without another look: what takes long, such as a build, ends with a newer one. */
const keepMs = 30_000;

/** Where the bearer token comes from: `MCP_TOKEN`, else the stored login, renewed when it is about to end, else
 * the system account of the configuration. Found at the first call, and looked for again half a minute later.
 * The function rejects with DetailedError NOT_LOGGED_IN and what the identity service answers. */
export function createTokenSource(
  config: CliConfig,
  invocation: Invocation,
  output: Output,
): () => Promise<string> {
  let found: { readonly token: Promise<string>; readonly atMs: number } | undefined;
  return () => {
    const nowMs = invocation.clock.now();
    if (found === undefined || nowMs - found.atMs > keepMs) {
      found = { token: findToken(config, invocation, output), atMs: nowMs };
    }
    return found.token;
  };
}

async function findToken(config: CliConfig, invocation: Invocation, output: Output): Promise<string> {
  const given = givenToken(invocation.environment);
  if (given !== "") return given;
  const stored = await usableToken(config, invocation);
  if (stored !== undefined) return stored.accessToken;
  if (config.credentials === undefined && (await readTokenFile(config.tokenFile)) === undefined)
    throw notLoggedIn("there is no stored login");
  await using _ = await lockFile(config.tokenFile, invocation.clock, invocation.signal);
  // Another process may have renewed it while we waited.
  const now = await usableToken(config, invocation);
  const renewed =
    now ?? (await renew(config, invocation, output)) ?? (await logInAsSystem(config, invocation, output));
  return renewed.accessToken;
}

/** The stored token, where it comes from the right place and lives long enough. */
async function usableToken(config: CliConfig, { clock }: Invocation): Promise<StoredToken | undefined> {
  const stored = await storedToken(config);
  const lives = stored?.expiresAtMs === undefined || stored.expiresAtMs > clock.now() + renewBeforeMs;
  return lives ? stored : undefined;
}

async function storedToken(config: CliConfig): Promise<StoredToken | undefined> {
  const stored = await readTokenFile(config.tokenFile);
  const { issuer } = config.identity;
  const fromElsewhere =
    stored !== undefined && stored.issuer !== "" && issuer !== undefined && stored.issuer !== issuer;
  return fromElsewhere ? undefined : stored;
}

async function renew(
  config: CliConfig,
  invocation: Invocation,
  output: Output,
): Promise<StoredToken | undefined> {
  const stored = await storedToken(config);
  if (stored === undefined || stored.refreshToken === "" || config.identity.issuer === undefined)
    return undefined;
  const { connectIdentity, toStored } = await import("./identity.ts");
  const { issuer, identity } = connectIdentity(config, invocation);
  using client = identity;
  try {
    output.explain("renewing the stored login");
    const tokens = await client.refresh(stored.refreshToken, invocation.signal);
    // A refresh token works once: when no new one came, the old one stays good.
    const renewed = toStored({ refreshToken: stored.refreshToken, ...tokens }, issuer, stored.account);
    await writeTokenFile(config.tokenFile, renewed);
    return renewed;
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "LOGIN_ENDED") return undefined;
    throw thrown;
  }
}

async function logInAsSystem(
  config: CliConfig,
  invocation: Invocation,
  output: Output,
): Promise<StoredToken> {
  const { credentials } = config;
  if (credentials === undefined) throw notLoggedIn("the stored login has ended");
  const secret = (await readPrivate(credentials.passwordFile))?.trim() ?? "";
  if (secret === "") throw notLoggedIn(`${credentials.passwordFile} holds no password`);
  const { connectIdentity, toStored } = await import("./identity.ts");
  const { issuer, identity } = connectIdentity(config, invocation);
  using client = identity;
  output.explain(`logging in as ${credentials.username}`);
  const tokens = await client.clientCredentials({
    clientId: credentials.username,
    clientSecret: secret,
    signal: invocation.signal,
  });
  const stored = toStored(tokens, issuer, credentials.username);
  await writeTokenFile(config.tokenFile, stored);
  return stored;
}

function notLoggedIn(found: string): DetailedError {
  return new DetailedError({
    code: "NOT_LOGGED_IN",
    category: "unauthenticated",
    attempted: "act for you",
    found,
    remedy: "run `mcp login`, or give a token in MCP_TOKEN",
  });
}
