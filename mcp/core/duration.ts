const units = [
  { name: "d", sizeMs: 86_400_000 },
  { name: "h", sizeMs: 3_600_000 },
  { name: "m", sizeMs: 60_000 },
  { name: "s", sizeMs: 1_000 },
  { name: "ms", sizeMs: 1 },
] as const;

const durationPattern = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** What a duration looks like, for messages about one that is malformed. */
export const durationForm = 'a duration such as "500ms", "60s", "15m", "1h30m" or "30d"';

/** Milliseconds of a duration: whole numbers with the units `d`, `h`, `m`, `s` and `ms`, each at most once
 * and the largest first. Undefined when the text is not one, or too long to count exactly. */
export function parseDuration(text: string): number | undefined {
  const amounts = text === "" ? null : durationPattern.exec(text);
  if (amounts === null) return undefined;
  const totalMs = units.reduce((sum, unit, index) => sum + Number(amounts[index + 1] ?? 0) * unit.sizeMs, 0);
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}

/** The shortest text that `parseDuration` reads as `durationMs`, a whole number that is not negative. */
export function formatDuration(durationMs: number): string {
  let restMs = durationMs;
  let text = "";
  for (const unit of units) {
    const amount = Math.floor(restMs / unit.sizeMs);
    if (amount > 0) text += `${amount}${unit.name}`;
    restMs -= amount * unit.sizeMs;
  }
  return text === "" ? "0s" : text;
}
