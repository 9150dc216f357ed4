import { hash, parseOptions, verify } from "@node-rs/argon2";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Argon2id, 19 MiB, two passes, one lane: the OWASP Password Storage recommendation. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** NIST SP 800-63B 3.1.1.2: at least 8 characters, no rules on their kinds. */
export const MIN_PASSWORD_CHARACTERS = 8;
/** Bounds the work that an anonymous caller can cause. */
export const MAX_PASSWORD_BYTES = 1024;

/** Returns the PHC string to store. Throws `UNACCEPTABLE_PASSWORD` when too short or too long. */
export async function hashPassword(password: string): Promise<string> {
  const normal = normalise(password);
  if (Array.from(normal).length < MIN_PASSWORD_CHARACTERS) {
    throw unacceptable(`it has fewer than ${MIN_PASSWORD_CHARACTERS} characters`, "choose a longer one");
  }
  if (Buffer.byteLength(normal) > MAX_PASSWORD_BYTES) {
    throw unacceptable(`it has more than ${MAX_PASSWORD_BYTES} bytes`, "choose a shorter one");
  }
  return hash(normal, PARAMETERS);
}

/** False for every password that `hashPassword` would not have taken. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const bounded = Buffer.byteLength(password) <= MAX_PASSWORD_BYTES ? password : "";
  return verify(stored, normalise(bounded));
}

/** True when the stored hash was made with other parameters than today's. */
export function needsRehash(stored: string): boolean {
  const used = parseOptions(stored);
  return (
    used.memoryCost !== PARAMETERS.memoryCost ||
    used.timeCost !== PARAMETERS.timeCost ||
    used.parallelism !== PARAMETERS.parallelism
  );
}

/** The same password typed on two keyboards can arrive in two Unicode forms. */
function normalise(password: string): string {
  return password.normalize("NFKC");
}

function unacceptable(found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "UNACCEPTABLE_PASSWORD",
    category: "invalid-argument",
    attempted: "set password",
    found,
    remedy,
  });
}
