import { createHash, createHmac, createPublicKey, type KeyObject, sign } from "node:crypto";

/** A flattened JSON Web Signature (RFC 7515). */
export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

type Header = Readonly<Record<string, unknown>>;

/** Signs with an ECDSA P-256 key (ES256).
 * @param payload undefined: empty, as for POST-as-GET (RFC 8555, section 6.3) */
export function signed(header: Header, payload: unknown, key: KeyObject): Jws {
  return assembled({ alg: "ES256", ...header }, payload, (input) =>
    sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }),
  );
}

/** Signs with a shared secret (HS256), as external account binding does (RFC 8555, section 7.3.4).
 * @param secret base64url */
export function authenticated(header: Header, payload: unknown, secret: string): Jws {
  return assembled({ alg: "HS256", ...header }, payload, (input) =>
    createHmac("sha256", Buffer.from(secret, "base64url")).update(input).digest(),
  );
}

/** The public half of a P-256 key, with its members in the order that a thumbprint wants (RFC 7638). */
export function publicJwk(key: KeyObject): { crv: string; kty: string; x: string; y: string } {
  const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
  return { crv: "P-256", kty: "EC", x, y };
}

export function thumbprint(key: KeyObject): string {
  return createHash("sha256")
    .update(JSON.stringify(publicJwk(key)))
    .digest("base64url");
}

function assembled(header: Header, payload: unknown, sign: (input: Buffer) => Buffer): Jws {
  const protectedPart = encoded(JSON.stringify(header));
  const payloadPart = payload === undefined ? "" : encoded(JSON.stringify(payload));
  const signature = sign(Buffer.from(`${protectedPart}.${payloadPart}`)).toString("base64url");
  return { protected: protectedPart, payload: payloadPart, signature };
}

function encoded(text: string): string {
  return Buffer.from(text).toString("base64url");
}
