import { fine, type Judgement, problem, warning } from "./finding.ts";

const dayMs = 86_400_000;
const warnDays = 14;

/** Judges how long a certificate is valid. Times are milliseconds since the epoch. */
export function judgeExpiry(
  subject: string,
  { validFromMs, validToMs, nowMs }: { validFromMs: number; validToMs: number; nowMs: number },
  remedy: string,
): Judgement {
  const until = new Date(validToMs).toISOString();
  if (validToMs <= nowMs) return problem(subject, `the certificate expired at ${until}`, remedy);
  if (validFromMs > nowMs) {
    const from = new Date(validFromMs).toISOString();
    return problem(subject, `the certificate is valid only from ${from} on`, "set the clock of this machine");
  }
  const days = Math.floor((validToMs - nowMs) / dayMs);
  const found = `the certificate is valid for ${days} more ${days === 1 ? "day" : "days"}, until ${until}`;
  return days < warnDays ? warning(subject, found, remedy) : fine(subject, found);
}
