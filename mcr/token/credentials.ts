/** What a client proves itself by. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A token of the identity service. `username` is empty where none was given. */
  | { readonly kind: "token"; readonly username: string; readonly token: string };

/** RFC 7617. Undefined: the header is of another kind, or cannot be read. */
export function basicCredentials(authorization: string | undefined): Credentials | undefined {
  if (authorization === undefined) return { kind: "none" };
  const encoded = /^basic +([A-Za-z0-9+/_-]*={0,2})$/iu.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon === -1 ? undefined : credentialsOf(pair.slice(0, colon), pair.slice(colon + 1));
}

/** A password that is a JWT is a token of the identity service. */
export function credentialsOf(username: string, password: string): Credentials {
  if (username === "" && password === "") return { kind: "none" };
  if (looksLikeJwt(password)) return { kind: "token", username, token: password };
  return { kind: "password", username, password };
}

/** Names that stand for no account: whose token it is, the token itself says. Docker and go-containerregistry write
 * `<token>`. */
const noAccount: ReadonlySet<string> = new Set(["", "<token>", "token", "jwt"]);

/** Whether a token of this account may be given under that name: by its own, or by one that claims nothing. Else
 * somebody could believe to be logged in as another account. */
export function isNameFor(username: string, account: string): boolean {
  return username === account || noAccount.has(username);
}

/** Three parts, the first of them a JSON object with an algorithm: no password that a human makes up. */
function looksLikeJwt(password: string): boolean {
  const header = /^([\w-]+)\.[\w-]+\.[\w-]+$/u.exec(password)?.[1];
  if (header === undefined) return false;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    return typeof parsed === "object" && parsed !== null && "alg" in parsed;
  } catch {
    return false;
  }
}
