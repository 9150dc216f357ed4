import { createHash } from "node:crypto";

/** Somebody who asks the registry, as clients do: without a token first, then with one for what the answer asks for. */
export interface Subject {
  readonly name: string;
  /** User name and password for the token endpoint; "anonymous": none. Undefined: it does not ask there. */
  readonly login?: { readonly username: string; readonly password: string } | "anonymous";
  /** Sent as it is, with every request. */
  readonly bearer?: string;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Clients of one registry; each keeps the tokens that it got. */
export function createCaller(url: string) {
  const tokens = new Map<string, Answer>();

  async function send({ method, path, body, contentType }: Request, authorization?: string): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(contentType === undefined ? {} : { "content-type": contentType }),
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  async function askToken(login: NonNullable<Subject["login"]>, scope: string): Promise<Answer> {
    const query = new URLSearchParams({ service: new URL(url).host, ...(scope === "" ? {} : { scope }) });
    const request = { method: "GET", path: `/v2/token?${query.toString()}` };
    return send(request, login === "anonymous" ? undefined : basic(login.username, login.password));
  }

  async function tokenFor(subject: Subject, scope: string): Promise<Answer> {
    const key = `${subject.name} ${scope}`;
    const known = tokens.get(key);
    if (known !== undefined) return known;
    const answer = await askToken(subject.login ?? "anonymous", scope);
    tokens.set(key, answer);
    return answer;
  }

  return {
    send,
    askToken,
    /** The last answer that a client gets: that to the request, or the refusal of a token. */
    async ask(subject: Subject, request: Request): Promise<Answer & { readonly refusedToken: boolean }> {
      const authorization = subject.bearer === undefined ? undefined : `Bearer ${subject.bearer}`;
      const first = await send(request, authorization);
      if (first.status !== 401 || subject.login === undefined) return { ...first, refusedToken: false };
      const token = await tokenFor(subject, scopeOf(first));
      if (token.status !== 200) return { ...token, refusedToken: true };
      return { ...(await send(request, `Bearer ${tokenIn(token)}`)), refusedToken: false };
    },
  };
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

export function tokenIn(answer: Answer): string {
  return (JSON.parse(answer.body) as { token: string }).token;
}

/** The first code of an answer in the specification's form; empty: it has none. */
export function codeIn({ body }: Answer): string {
  if (!body.startsWith('{"errors"')) return "";
  return (JSON.parse(body) as { errors: { code: string }[] }).errors[0]?.code ?? "";
}

function scopeOf(answer: Answer): string {
  return /scope="([^"]*)"/u.exec(answer.headers.get("www-authenticate") ?? "")?.[1] ?? "";
}

export function digestOf(content: string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** A manifest with one blob as its configuration. */
export function aManifest(blob: string, fields: object = {}): string {
  const config = { mediaType: "application/vnd.example", digest: digestOf(blob), size: blob.length };
  const image = { schemaVersion: 2, mediaType: manifestType, artifactType: "application/vnd.example" };
  return JSON.stringify({ ...image, config, layers: [], ...fields });
}
