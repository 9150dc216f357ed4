import { isNewerSerial } from "../wire/soa.ts";

const most = 2 ** 32 - 1;
const half = 2 ** 31;

/** The serial number after this one: the time in seconds where that is further on, else one more. So it goes on even
 * where the database was put back to an older state, as no zone changes every second for long.
 * @returns never 0, which some secondaries take for "none" */
export function nextSerial(serial: number, nowMs: number): number {
  const seconds = Math.floor(nowMs / 1_000);
  if (seconds > serial && seconds - serial < half && seconds <= most) return seconds;
  return serial >= most ? 1 : serial + 1;
}

/** The serial number after `wanted`, where that is newer than `before` to who compares them (RFC 1982), else the one
 * after `before`. */
export function serialAfter(before: number, wanted: number, nowMs: number): number {
  const next = nextSerial(wanted, nowMs);
  return isNewerSerial(next, before) ? next : nextSerial(before, nowMs);
}
