import { styleText } from "node:util";

import type { Invocation, TextStream } from "../invocation.ts";
import { type Column, formatTable } from "./table.ts";

type Style = Parameters<typeof styleText>[0];

/** Where a command writes: data to standard output, everything else to standard error. */
export class Output {
  readonly format: "table" | "json";
  readonly #invocation: Invocation;
  readonly #quiet: boolean;
  readonly #verbose: boolean;

  constructor(
    invocation: Invocation,
    options: { output: "table" | "json"; quiet: boolean; verbose: boolean },
  ) {
    this.#invocation = invocation;
    this.format = options.output;
    this.#quiet = options.quiet;
    this.#verbose = options.verbose;
  }

  /** Whether messages go to a person's terminal. */
  get interactive(): boolean {
    return this.#invocation.stderr.isTTY === true && !this.#quiet;
  }

  /** Data for people, one line each. */
  print(...lines: readonly string[]): void {
    for (const line of lines) this.#invocation.stdout.write(`${line}\n`);
  }

  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void {
    this.print(...formatTable(columns, rows));
  }

  /** Data for programs: one JSON document. */
  json(value: unknown): void {
    this.#invocation.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** Data for programs: one JSON document per line, for what has no end. */
  jsonLine(value: unknown): void {
    this.#invocation.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** News for people; silenced by --quiet. */
  say(...lines: readonly string[]): void {
    if (!this.#quiet) this.complain(...lines);
  }

  /** More news, with --verbose. */
  explain(...lines: readonly string[]): void {
    if (this.#verbose) this.complain(...lines);
  }

  /** What must not be missed. */
  complain(...lines: readonly string[]): void {
    for (const line of lines) this.#invocation.stderr.write(`${line}\n`);
  }

  /** Writes to standard error as it is, for progress that redraws itself. */
  draw(text: string): void {
    this.#invocation.stderr.write(text);
  }

  /** Colour for standard output, where it goes to a terminal and NO_COLOR does not forbid it. */
  style(style: Style, text: string): string {
    return paint(this.#invocation, this.#invocation.stdout, style, text);
  }

  /** Colour for standard error. */
  styleMessage(style: Style, text: string): string {
    return paint(this.#invocation, this.#invocation.stderr, style, text);
  }
}

/** Colours the text if the stream shows colours: on a terminal, unless NO_COLOR is set; not on a dumb one. */
export function paint(invocation: Invocation, stream: TextStream, style: Style, text: string): string {
  const { environment } = invocation;
  const noColour = environment["NO_COLOR"] !== undefined && environment["NO_COLOR"] !== "";
  if (stream.isTTY !== true || noColour || environment["TERM"] === "dumb" || text === "") return text;
  return styleText(style, text, { validateStream: false });
}
