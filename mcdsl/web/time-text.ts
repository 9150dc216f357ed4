import { html, type Html } from "./html.ts";

const steps = [
  { unit: "year", ms: 365.25 * 86_400_000 },
  { unit: "month", ms: 30.44 * 86_400_000 },
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
] as const;

/** How long ago something was, in words: `3 hours ago`, `just now`. */
export function timeAgo(atMs: number, nowMs: number): string {
  const passedMs = nowMs - atMs;
  const step = steps.find(({ ms }) => passedMs >= ms);
  if (step === undefined) return "just now";
  const count = Math.floor(passedMs / step.ms);
  return `${count} ${step.unit}${count === 1 ? "" : "s"} ago`;
}

/** `2026-03-01 12:30 UTC`. */
export function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** A time as people read it, with the exact one beside it for those who point at it.
 * @param atMs 0: never, or not known */
export function timeElement(atMs: number, nowMs: number, never = "never"): Html {
  if (atMs === 0) return html`<span class="quiet">${never}</span>`;
  const exact = new Date(atMs).toISOString();
  return html`<time datetime="${exact}" title="${timeText(atMs)}">${timeAgo(atMs, nowMs)}</time>`;
}
