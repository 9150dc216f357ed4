import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";

import type { Output } from "../output/output.ts";
import { formatSpan } from "../output/time.ts";

const clearLine = "\r\u001b[K";
const barWidth = 24;
/** What is done sooner is done without a bar. */
const delayMs = 300;
const redrawEveryMs = 100;

/** A bar on a terminal while a file is on its way; nothing elsewhere. */
export class TransferProgress {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #totalBytes: number;
  readonly #startedAtMs: number;
  #doneBytes = 0;
  #drawnAtMs: number | undefined;

  constructor(output: Output, clock: Clock, totalBytes: number) {
    this.#output = output;
    this.#clock = clock;
    this.#totalBytes = totalBytes;
    this.#startedAtMs = clock.now();
  }

  advance(sizeBytes: number): void {
    this.#doneBytes += sizeBytes;
    if (!this.#output.interactive) return;
    const nowMs = this.#clock.now();
    if (nowMs - this.#startedAtMs < delayMs) return;
    if (this.#drawnAtMs !== undefined && nowMs - this.#drawnAtMs < redrawEveryMs) return;
    this.#drawnAtMs = nowMs;
    this.#output.draw(clearLine + transferLine(this.#doneBytes, this.#totalBytes, nowMs - this.#startedAtMs));
  }

  /** Removes the bar; call it before anything else is written. */
  end(): void {
    if (this.#drawnAtMs !== undefined) this.#output.draw(clearLine);
    this.#drawnAtMs = undefined;
  }
}

/** How far a transfer is, at less than 80 columns. */
export function transferLine(doneBytes: number, totalBytes: number, elapsedMs: number): string {
  const share = totalBytes === 0 ? 1 : doneBytes / totalBytes;
  const filled = Math.floor(share * barWidth);
  const bytesPerMs = doneBytes / Math.max(1, elapsedMs);
  const left = bytesPerMs === 0 ? "" : `  ${formatSpan((totalBytes - doneBytes) / bytesPerMs)} left`;
  return (
    `${String(Math.floor(share * 100)).padStart(3)}% [${"#".repeat(filled).padEnd(barWidth)}] ` +
    `${sizeText(doneBytes)} of ${sizeText(totalBytes)}  ${sizeText(bytesPerMs * 1000)}/s${left}`
  );
}
