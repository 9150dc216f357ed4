/** What stands in a log in place of a secret. */
export const redacted = "[redacted]";

const maxDepth = 8;
const maxEntries = 200;
const maxCharacters = 16_384;

const secretKeyPattern =
  /pass(word|wd|phrase|code)?$|^pwd$|secret|token|authorization|cookie|credential|api[-_]?key|(private|signing|encryption|master|unseal|session|access|seed|key)[-_]?key|key[-_]?material|^(otp|totp|pin|seed|jwt|bearer|assertion|code_verifier)$/i;

/** Fields about secrets that are none themselves. */
const harmlessKeyPattern =
  /(token|secret|password|key)[-_]?(type|id|count|name|file|path|endpoint|url|hint|expires\w*|expiry|issued\w*|lifetime\w*|ttl\w*|length|bytes|ms)$/i;

/** Whether the value of a key of this name is a secret. */
export function isSecretKey(key: string): boolean {
  return secretKeyPattern.test(key) && !harmlessKeyPattern.test(key);
}

const replacements: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, redacted],
  [/\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)?/g, redacted],
  [/\b(bearer|basic|dpop)(\s+)[A-Za-z0-9._~+/=-]{6,}/gi, `$1$2${redacted}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']+@/gi, `$1${redacted}@`],
  [
    /\b((?:[a-z0-9_-]*(?:password|passwd|passphrase|secret|token|api[-_]?key|private[-_]?key))["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'&,;}\]]+)/gi,
    `$1${redacted}`,
  ],
  [/\b((?:set-)?cookie:\s*)[^\r\n]+/gi, `$1${redacted}`],
];

/** The text without what looks like a secret: JWTs, bearer and basic credentials, PEM private keys, user
 * information of URLs, cookies, and `name=value` of secret names. */
export function redactText(text: string): string {
  const bounded =
    text.length > maxCharacters ? `${text.slice(0, maxCharacters)}… (${text.length} characters)` : text;
  return replacements.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    bounded,
  );
}

/** A copy of the value that can be logged as JSON: secrets replaced, errors with their causes as objects,
 * bytes as their count, and bounded in depth and breadth. Never throws. */
export function redact(value: unknown): unknown {
  return copy(value, 0, []);
}

function copy(value: unknown, depth: number, ancestors: readonly object[]): unknown {
  if (typeof value !== "object" || value === null) return copyPrimitive(value);
  if (ancestors.includes(value)) return "[circular]";
  if (depth >= maxDepth) return "[too deep]";
  const inner = (each: unknown): unknown => copy(each, depth + 1, [...ancestors, value]);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return copyError(value, inner);
  if (value instanceof Map) return copyEntries(value.entries(), inner);
  if (Array.isArray(value) || value instanceof Set) return [...value].slice(0, maxEntries).map(inner);
  return copyEntries(entriesOf(value), inner);
}

function copyPrimitive(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

function copyEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  inner: (value: unknown) => unknown,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  let count = 0;
  for (const [key, value] of entries) {
    count += 1;
    if (count > maxEntries) break;
    const name = redactText(String(key));
    result[name] = isSecretKey(name) && isSet(value) ? redacted : inner(value);
  }
  return result;
}

/** Absence is worth knowing: only a value is hidden. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && typeof value !== "boolean";
}

/** Own properties; a getter that throws is left out. */
function* entriesOf(value: object): Generator<[string, unknown]> {
  for (const key of Object.keys(value)) {
    try {
      yield [key, Reflect.get(value, key)];
    } catch {
      yield [key, "[unreadable]"];
    }
  }
}

function copyError(error: Error, inner: (value: unknown) => unknown): Record<string, unknown> {
  const own = [...entriesOf(error)].filter(([key]) => !["name", "message", "stack", "cause"].includes(key));
  return {
    type: error.name,
    message: redactText(error.message),
    ...copyEntries(own, inner),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: inner(error.cause) }),
    ...(error instanceof AggregateError ? { errors: inner(error.errors) } : {}),
  };
}
