import type { WatchEventsResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { durationMs } from "@bufbuild/protobuf/wkt";

import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import { formatSpan } from "../output/time.ts";

type Event = WatchEventsResponse["event"];

const clearLine = "\r\u001b[K";

/** Shows the steps of one operation as they happen: a line for each that ends. On a terminal also the one in
 * progress. An event that arrives twice is shown once. */
export class Progress {
  readonly #output: Output;
  readonly #finished = new Set<number>();
  #steps = 0;
  #current = "";
  #started = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Whether the agent has begun. */
  get started(): boolean {
    return this.#started;
  }

  show(event: Event): void {
    if (event.case === "operationStarted") {
      this.#started = true;
      this.#steps = event.value.steps.length;
    } else if (event.case === "stepStarted") {
      const { index, step } = event.value;
      if (!this.#finished.has(index))
        this.#draw(`[${index + 1}/${this.#steps}] ${plain(step?.description ?? "")} …`);
    } else if (event.case === "stepFinished") {
      this.#finish(event.value);
    } else if (event.case === "eventsLost") {
      this.#say(`(${event.value.count} events were not shown)`);
    }
  }

  /** Removes the line in progress; call it before anything else is written. */
  end(): void {
    if (this.#current !== "") this.#output.draw(clearLine);
    this.#current = "";
  }

  #finish({ index, step, error, duration }: Extract<Event, { case: "stepFinished" }>["value"]): void {
    if (this.#finished.has(index)) return;
    this.#finished.add(index);
    const mark =
      error === undefined ? this.#output.styleMessage("green", "✓") : this.#output.styleMessage("red", "✗");
    const took =
      duration === undefined ? "" : this.#output.styleMessage("dim", ` ${formatSpan(durationMs(duration))}`);
    this.#say(`${mark} ${plain(step?.description ?? "")}${took}`);
  }

  #say(line: string): void {
    this.end();
    this.#output.say(line);
  }

  #draw(line: string): void {
    if (!this.#output.interactive) return;
    this.#output.draw(clearLine + this.#output.styleMessage("dim", line));
    this.#current = line;
  }
}
