/** What stands in a log in place of a secret. */
export const redacted = "[redacted]";

const maxDepth = 8;
const maxEntries = 200;
const maxValues = 2_000;
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
 * bytes as their count, and bounded in depth, breadth and total. Never throws. */
export function redact(value: unknown): unknown {
  try {
    return copy(value, [], { remaining: maxValues });
  } catch {
    return "[unreadable]";
  }
}

type Copy = (value: unknown) => unknown;

function copy(value: unknown, ancestors: readonly object[], budget: { remaining: number }): unknown {
  budget.remaining -= 1;
  if (budget.remaining < 0) return "[too much]";
  if (typeof value !== "object" || value === null) return copyPrimitive(value);
  if (ancestors.includes(value)) return "[circular]";
  if (ancestors.length >= maxDepth) return "[too deep]";
  const path = [...ancestors, value];
  return copyObject(value, (each) => copy(each, path, budget));
}

function copyObject(value: object, inner: Copy): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return copyError(value, inner);
  if (value instanceof Map) return copyEntries(value.entries(), inner);
  if (Array.isArray(value) || value instanceof Set) return copyList([...value], inner);
  return copyEntries(entriesOf(value), inner);
}

function copyPrimitive(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

/** What follows a flag such as `--password` is a secret. */
function copyList(list: readonly unknown[], inner: Copy): unknown[] {
  return list.slice(0, maxEntries).map((value, index) => {
    const flag = list[index - 1];
    const isSecret = typeof flag === "string" && flag.startsWith("-") && isSecretKey(flag.replace(/^-+/, ""));
    return isSecret ? redacted : inner(value);
  });
}

function copyEntries(entries: Iterable<readonly [unknown, unknown]>, inner: Copy): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  let count = 0;
  for (const [key, value] of entries) {
    count += 1;
    if (count > maxEntries) break;
    const name = redactText(String(key));
    if (name === "__proto__") continue;
    result[name] = isSecretKey(name) && isSet(value) ? redacted : inner(value);
  }
  return result;
}

/** Absence is worth knowing: only a value is hidden. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && typeof value !== "boolean";
}

/** Own properties; one whose getter throws is named only. */
function* entriesOf(value: object): Generator<[string, unknown]> {
  for (const key of Object.keys(value)) {
    try {
      yield [key, Reflect.get(value, key)];
    } catch {
      yield [key, "[unreadable]"];
    }
  }
}

/** Told by the other fields, or, of a ConnectError, whole schemas and headers. */
const skippedOfErrors = new Set(["name", "message", "stack", "cause", "rawMessage", "details", "metadata"]);

function copyError(error: Error, inner: Copy): Record<string, unknown> {
  const own = [...entriesOf(error)].filter(([key]) => !skippedOfErrors.has(key));
  return {
    type: error.name,
    message: redactText(error.message),
    ...copyEntries(own, inner),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: inner(error.cause) }),
    ...(error instanceof AggregateError ? { errors: inner(error.errors) } : {}),
  };
}
