import type { Clock } from "@metacircular/mcdsl/clock.ts";

import { type Challenge, parseChallenge } from "./challenge.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { failed, notAllowed, notKnown, wordsIn } from "./failures.ts";

/** With whom a registry has to do. */
export interface RegistryCredentials {
  readonly username: string;
  /** A password, or an access token in its place. */
  readonly password: string;
}

export interface AuthorizedQuestion {
  readonly method: "GET" | "HEAD";
  readonly path: string;
  /** What a token must allow, e.g. `repository:hello:pull`; empty: nothing but to be known. */
  readonly scope: string;
  readonly accept: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

const mostTokenBytes = 64 * 1024;
const mostTokensKept = 100;
/** Lifetime of a token that does not say; from the token specification of docker's registry. */
const defaultLifetimeS = 60;
/** A token that ends sooner is not used any more. */
const spareMs = 5_000;

/** Asks, and when the registry wants to know who asks, tells it: by a token from its realm
 * (https://distribution.github.io/distribution/spec/auth/token/), or by name and password. */
export function createAuthorization(options: {
  address: string;
  exchange: Exchange;
  clock: Clock;
  credentials: (() => Promise<RegistryCredentials | undefined>) | undefined;
  /** Whether credentials may go to a realm on another host. */
  trustsRealm: boolean;
}): { ask(question: AuthorizedQuestion): Promise<Answer> } {
  const { address, exchange, clock, credentials, trustsRealm } = options;
  const kept = new Map<string, { header: string; untilMs: number }>();

  function keptHeader(scope: string): string | undefined {
    const found = kept.get(scope);
    return found !== undefined && found.untilMs > clock.now() ? found.header : undefined;
  }

  async function authorize(challenge: Challenge, question: AuthorizedQuestion): Promise<string> {
    const basic = await basicHeader(credentials);
    if (challenge.scheme === "basic") {
      if (basic === undefined) throw notKnown(address, "it wants a login, and there is none for it");
      return keep(question.scope, basic, clock.now() + defaultLifetimeS * 1000);
    }
    const realm = realmOf(challenge, address, basic === undefined || trustsRealm);
    const scope = challenge.scope === "" ? question.scope : challenge.scope;
    if (challenge.service !== "") realm.searchParams.set("service", challenge.service);
    if (scope !== "") realm.searchParams.set("scope", scope);
    const headers = { accept: "application/json", ...(basic === undefined ? {} : { authorization: basic }) };
    const { signal } = question;
    const answer = await exchange({
      ...{ method: "GET", url: realm.href, headers, maxBytes: mostTokenBytes, signal },
    });
    const { token, lifetimeS } = tokenIn(answer, address, basic !== undefined);
    return keep(question.scope, `Bearer ${token}`, clock.now() + lifetimeS * 1000 - spareMs);
  }

  function keep(scope: string, header: string, untilMs: number): string {
    const [oldest] = kept.keys();
    if (kept.size >= mostTokensKept && oldest !== undefined) kept.delete(oldest);
    kept.delete(scope);
    kept.set(scope, { header, untilMs });
    return header;
  }

  async function askOnce(question: AuthorizedQuestion, authorization: string | undefined): Promise<Answer> {
    const { method, path, accept, maxBytes, signal } = question;
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
    return exchange({ method, url: path, headers, maxBytes, signal });
  }

  return {
    async ask(question) {
      const held = keptHeader(question.scope);
      let answer = await askOnce(question, held);
      if (answer.status === 401) {
        kept.delete(question.scope);
        const challenge = parseChallenge(answer.headers["www-authenticate"] ?? "");
        if (challenge === undefined) throw notKnown(address, "it names no way to log in that is known here");
        answer = await askOnce(question, await authorize(challenge, question));
      }
      return judged(answer, question, address);
    },
  };
}

async function basicHeader(
  credentials: (() => Promise<RegistryCredentials | undefined>) | undefined,
): Promise<string | undefined> {
  const found = await credentials?.();
  if (found === undefined) return undefined;
  return `Basic ${Buffer.from(`${found.username}:${found.password}`, "utf8").toString("base64")}`;
}

/** A password of ours goes to the registry's own host only, whatever realm its answer names. */
function realmOf(challenge: { realm: string }, address: string, isAnywhere: boolean): URL {
  const realm = URL.parse(challenge.realm);
  const home = new URL(`https://${address}`);
  if (realm?.protocol !== "https:" || realm.username !== "" || realm.password !== "") {
    throw notKnown(address, "it has tokens asked for at a URL that is not https");
  }
  if (!isAnywhere && realm.hostname !== home.hostname) {
    throw notKnown(address, `it has tokens asked for at ${realm.host}, where no password of ours goes`);
  }
  return realm;
}

function tokenIn(answer: Answer, address: string, hasLogin: boolean): { token: string; lifetimeS: number } {
  if (answer.status === 401 || answer.status === 403) {
    const said = wordsIn(answer.bytes);
    const otherwise = hasLogin ? "it does not take the login" : "it wants a login, and there is none for it";
    throw notKnown(address, said === "" ? otherwise : `${otherwise} (${said})`);
  }
  if (answer.status !== 200) throw failed(`${address} (token)`, answer.status, wordsIn(answer.bytes));
  try {
    const body: unknown = JSON.parse(answer.bytes.toString("utf8"));
    const { token, access_token, expires_in } = body as Record<string, unknown>;
    const found = token ?? access_token;
    if (typeof found === "string" && /^[\x21-\x7e]+$/.test(found)) {
      const isLong = typeof expires_in === "number" && expires_in >= defaultLifetimeS;
      return { token: found, lifetimeS: isLong ? expires_in : defaultLifetimeS };
    }
  } catch {
    // What is no token is said below.
  }
  throw failed(`${address} (token)`, answer.status, "without a token");
}

function judged(answer: Answer, question: AuthorizedQuestion, address: string): Answer {
  const { status, bytes } = answer;
  const subject = `${address}${question.path}`;
  if ((status >= 200 && status < 300) || status === 404) return answer;
  // A blob may lie elsewhere: that it does says that it is there.
  if (status === 307 && question.method === "HEAD") return answer;
  const isKnown = (answer.headers["www-authenticate"] ?? "").includes('error="insufficient_scope"');
  if (status === 401 && isKnown) throw notAllowed(subject, wordsIn(bytes));
  if (status === 401) throw notKnown(address, wordsIn(bytes) || "it does not take the login");
  if (status === 403) throw notAllowed(subject, wordsIn(bytes));
  throw failed(subject, status, wordsIn(bytes));
}
