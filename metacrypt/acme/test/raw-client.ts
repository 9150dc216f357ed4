import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { calculateJwkThumbprint, exportJWK, FlattenedSign, type JWK } from "jose";

/** Where the server is, and whom to trust for it. */
export interface Target {
  readonly origin: string;
  readonly caFile: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed; an empty object where it isn't JSON. Fields are there where the object has them. */
  readonly json: AcmeJson;
}

/** Fields of all ACME objects: a test knows which one it has. */
export interface AcmeJson {
  readonly type: string;
  readonly detail: string;
  readonly status: string;
  readonly subproblems: readonly AcmeJson[];
  readonly algorithms: readonly string[];
  readonly identifier: { readonly type: string; readonly value: string };
  readonly identifiers: readonly { readonly type: string; readonly value: string }[];
  readonly authorizations: readonly string[];
  readonly challenges: readonly AcmeChallenge[];
  readonly wildcard: boolean;
  readonly contact: readonly string[];
  readonly error: AcmeJson;
  readonly finalize: string;
  readonly certificate: string;
  readonly orders: unknown;
  readonly expires: string;
  readonly replaces: string;
  readonly externalAccountBinding: unknown;
  readonly renewalInfo: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly suggestedWindow: { readonly start: string; readonly end: string };
}

export interface AcmeChallenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: string;
  readonly error: AcmeJson;
}

/** The challenge of a type. */
export function challengeOf({ json }: RawAnswer, type: string): AcmeChallenge {
  const found = json.challenges.find((each) => each.type === type);
  if (found === undefined) throw new Error(`no ${type} among ${JSON.stringify(json)}`);
  return found;
}

export interface SignOptions {
  /** Default: a fresh one. */
  readonly nonce?: string | null;
  /** Default: where it is sent. */
  readonly url?: string;
  readonly alg?: string;
  /** Overrides and adds to the protected header. */
  readonly header?: Record<string, unknown>;
}

/** An account key, and requests signed with it just as a test wants them: also wrong ones. */
export class RawClient {
  readonly key: KeyObject;
  readonly jwk: JWK;
  readonly thumbprint: string;
  kid: string | undefined;
  readonly #acme: Target;
  readonly #alg: string;

  static async create(acme: Target, alg = "ES256"): Promise<RawClient> {
    const { privateKey, publicKey } = keyPair(alg);
    const jwk = await exportJWK(publicKey);
    return new RawClient(acme, { key: privateKey, jwk, alg, thumbprint: await calculateJwkThumbprint(jwk) });
  }

  /** With a key that is there already; for ES256. */
  static of(acme: Target, key: KeyObject, { kty, crv, x, y }: JWK): RawClient {
    const jwk = { kty, crv, x, y } as JWK;
    return new RawClient(acme, { key, jwk, alg: "ES256", thumbprint: "" });
  }

  private constructor(acme: Target, key: { key: KeyObject; jwk: JWK; alg: string; thumbprint: string }) {
    this.#acme = acme;
    this.key = key.key;
    this.jwk = key.jwk;
    this.#alg = key.alg;
    this.thumbprint = key.thumbprint;
  }

  url(path: string): string {
    return path.startsWith("https:") ? path : `${this.#acme.origin}/acme/pki/${path}`;
  }

  async nonce(): Promise<string> {
    const { headers } = await fetchRaw(this.#acme, "HEAD", this.url("new-nonce"));
    return String(headers["replay-nonce"]);
  }

  /** Signed by jwk before the account is open, then by kid. `payload` undefined: POST-as-GET. */
  async sign(url: string, payload: unknown, options: SignOptions = {}): Promise<object> {
    const nonce = options.nonce === undefined ? await this.nonce() : options.nonce;
    const text = payload === undefined ? "" : JSON.stringify(payload);
    const header = {
      alg: options.alg ?? this.#alg,
      url: options.url ?? this.url(url),
      ...(nonce === null ? {} : { nonce }),
      ...(this.kid === undefined ? { jwk: this.jwk } : { kid: this.kid }),
      ...options.header,
    };
    return new FlattenedSign(Buffer.from(text)).setProtectedHeader(withoutUndefined(header)).sign(this.key);
  }

  async post(url: string, payload?: unknown, options: SignOptions = {}): Promise<RawAnswer> {
    return this.send(url, await this.sign(url, payload, options));
  }

  send(url: string, body: unknown, contentType = "application/jose+json"): Promise<RawAnswer> {
    return fetchRaw(this.#acme, "POST", this.url(url), JSON.stringify(body), contentType);
  }

  get(url: string, method = "GET"): Promise<RawAnswer> {
    return fetchRaw(this.#acme, method, this.url(url));
  }

  async open(payload: object = {}): Promise<RawAnswer> {
    const answer = await this.post("new-account", payload);
    if (answer.headers.location !== undefined) this.kid = answer.headers.location;
    return answer;
  }

  /** An external account binding over the account's key. */
  externalBinding(keyId: string, hmacKey: string, header: Record<string, unknown> = {}): Promise<object> {
    return new FlattenedSign(Buffer.from(JSON.stringify(this.jwk)))
      .setProtectedHeader(
        withoutUndefined({ alg: "HS256", kid: keyId, url: this.url("new-account"), ...header }),
      )
      .sign(Buffer.from(hmacKey, "base64url"));
  }

  keyAuthorization(token: string): string {
    return `${token}.${this.thumbprint}`;
  }

  dnsValue(token: string): string {
    return createHash("sha256").update(this.keyAuthorization(token)).digest("base64url");
  }
}

function keyPair(alg: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const curve = { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[alg];
  if (curve !== undefined) return generateKeyPairSync("ec", { namedCurve: curve });
  return alg === "EdDSA"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

export function fetchRaw(
  acme: Pick<Target, "caFile">,
  method: string,
  url: string,
  body?: string,
  contentType?: string,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      {
        method,
        ca: readFileSync(acme.caFile),
        agent: false,
        headers: contentType === undefined ? {} : { "content-type": contentType },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, text, json: parsed(text) });
        });
      },
    );
    request.on("error", reject).end(body);
  });
}

function parsed(text: string): AcmeJson {
  try {
    return JSON.parse(text) as AcmeJson;
  } catch {
    return {} as AcmeJson;
  }
}

/** A test leaves a parameter out by giving it as undefined. */
function withoutUndefined(header: { alg: string } & Record<string, unknown>): { alg: string } {
  return Object.fromEntries(Object.entries(header).filter(([, value]) => value !== undefined)) as {
    alg: string;
  };
}
