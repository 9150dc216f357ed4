/** What a registry wants to see, from `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export type Challenge =
  | { readonly scheme: "basic" }
  | {
      readonly scheme: "bearer";
      /** URL that tokens are asked for at. */
      readonly realm: string;
      /** Empty: none is named. */
      readonly service: string;
      readonly scope: string;
    };

const schemePattern = /(?:^|,)\s*(basic|bearer)(?=\s|,|$)/gi;
const parameterPattern = /([a-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;
const longestHeader = 8_192;

/** The challenge to answer: bearer where it is offered, else basic. Undefined: neither is. */
export function parseChallenge(header: string): Challenge | undefined {
  const text = header.slice(0, longestHeader);
  const found = [...text.matchAll(schemePattern)];
  const bearer = found.find(([, scheme = ""]) => scheme.toLowerCase() === "bearer");
  if (bearer !== undefined) {
    const parameters = new Map<string, string>();
    for (const [, name = "", quoted, bare = ""] of text.slice(bearer.index).matchAll(parameterPattern)) {
      const key = name.toLowerCase();
      if (!parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/g, "$1") ?? bare);
    }
    const realm = parameters.get("realm") ?? "";
    const service = parameters.get("service") ?? "";
    return { scheme: "bearer", realm, service, scope: parameters.get("scope") ?? "" };
  }
  return found.length > 0 ? { scheme: "basic" } : undefined;
}
