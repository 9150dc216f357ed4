import { generateKeyPairSync } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Sql, SqlDatabase, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { CryptoKey, JWK } from "jose";
import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { importJWK } from "jose/key/import";

export const TOKEN_ALGORITHM = "EdDSA";

const DAY_MS = 86_400_000;
const ROTATE_AFTER_MS = 30 * DAY_MS;
/** Longer than a token lives after the last server has learnt that its key was replaced. */
const OVERLAP_MS = 30 * 60_000;
/** How long keys are used as they were read last. */
const FRESH_MS = 60_000;
/** Between two readings for keys that are not known: anybody can send a token with a made-up one. */
const UNKNOWN_PAUSE_MS = 1_000;

/** The keys that sign the registry's tokens, and those that did so shortly before. */
export interface TokenKeys {
  /** The key that signs now. */
  signing(): Promise<{ readonly kid: string; readonly key: CryptoKey }>;
  /** Undefined: it is no key of this registry, or one of long ago. */
  verifying(kid: string): Promise<CryptoKey | undefined>;
}

interface Loaded {
  readonly replaceAtMs: number;
  readonly current: { readonly kid: string; readonly key: CryptoKey };
  readonly verifying: ReadonlyMap<string, CryptoKey>;
}

/** Ed25519 keys in the registry's database, so that all servers on it accept each other's tokens. The first that needs
 * one makes it, and the first that finds the current one too old replaces it. All methods throw where the database
 * cannot serve. */
export function openTokenKeys(parts: {
  readonly sql: SqlDatabase;
  readonly clock: Pick<Clock, "now">;
}): TokenKeys {
  const { sql, clock } = parts;
  let loaded: Promise<Loaded> | undefined;
  let loadedAtMs = -Infinity;

  function load(): Promise<Loaded> {
    const loading = loadKeys(sql, clock.now());
    loaded = loading;
    loadedAtMs = clock.now();
    loading.catch(() => {
      if (loaded === loading) loaded = undefined;
    });
    return loading;
  }

  async function latest(): Promise<Loaded> {
    if (loaded === undefined || clock.now() - loadedAtMs >= FRESH_MS) return load();
    const known = await loaded;
    return clock.now() >= known.replaceAtMs ? load() : known;
  }

  return {
    signing: async () => (await latest()).current,
    async verifying(kid) {
      const key = (await latest()).verifying.get(kid);
      if (key !== undefined || clock.now() - loadedAtMs < UNKNOWN_PAUSE_MS) return key;
      return (await load()).verifying.get(kid);
    },
  };
}

async function loadKeys(sql: SqlDatabase, nowMs: number): Promise<Loaded> {
  const rows = await readKeys(sql);
  if (isDue(currentOf(rows), nowMs)) return importKeys(await replaceCurrent(sql, nowMs), nowMs);
  return importKeys(rows, nowMs);
}

/** One of several servers that find the key too old replaces it; the others take the new one. */
async function replaceCurrent(sql: SqlDatabase, nowMs: number): Promise<readonly SqlRow[]> {
  const fresh = await generateKey();
  return sql.transaction(async (transaction) => {
    const rows = await readKeys(transaction);
    if (!isDue(currentOf(rows), nowMs)) return rows;
    await transaction.execute("DELETE FROM token_key WHERE replaced_at_ms > 0 AND replaced_at_ms < $1", [
      nowMs - OVERLAP_MS,
    ]);
    await transaction.execute(
      "UPDATE token_key SET private_jwk = '', replaced_at_ms = $1 WHERE replaced_at_ms = 0",
      [nowMs],
    );
    await transaction.execute(
      `INSERT INTO token_key (kid, public_jwk, private_jwk, created_at_ms, replaced_at_ms)
       VALUES ($1, $2, $3, $4, 0)`,
      [fresh.kid, fresh.publicJwk, fresh.privateJwk, nowMs],
    );
    return readKeys(transaction);
  });
}

function readKeys(sql: Sql): Promise<readonly SqlRow[]> {
  return sql.query("SELECT kid, public_jwk, private_jwk, created_at_ms, replaced_at_ms FROM token_key");
}

function currentOf(rows: readonly SqlRow[]): SqlRow | undefined {
  return rows.find((row) => row["replaced_at_ms"] === 0);
}

function isDue(current: SqlRow | undefined, nowMs: number): boolean {
  return current === undefined || nowMs >= Number(current["created_at_ms"]) + ROTATE_AFTER_MS;
}

async function importKeys(rows: readonly SqlRow[], nowMs: number): Promise<Loaded> {
  const current = currentOf(rows);
  if (current === undefined) throw new Error("no token key");
  const living = rows.filter(({ replaced_at_ms: atMs }) => atMs === 0 || Number(atMs) >= nowMs - OVERLAP_MS);
  const verifying = living.map(
    async (row) => [String(row["kid"]), await importKey(row["public_jwk"])] as const,
  );
  return {
    replaceAtMs: Number(current["created_at_ms"]) + ROTATE_AFTER_MS,
    current: { kid: String(current["kid"]), key: await importKey(current["private_jwk"]) },
    verifying: new Map(await Promise.all(verifying)),
  };
}

async function importKey(json: unknown): Promise<CryptoKey> {
  return (await importJWK(JSON.parse(String(json)) as JWK, TOKEN_ALGORITHM)) as CryptoKey;
}

async function generateKey(): Promise<{ kid: string; publicJwk: string; privateJwk: string }> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicJwk = publicKey.export({ format: "jwk" }) as JWK;
  return {
    kid: await calculateJwkThumbprint(publicJwk),
    publicJwk: JSON.stringify(publicJwk),
    privateJwk: JSON.stringify(privateKey.export({ format: "jwk" })),
  };
}
