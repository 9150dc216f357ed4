/** What is wrong with a piece of a record's text, and where in it. */
export class RecordProblem extends Error {
  /** What to do instead; may be empty. */
  readonly hint: string;
  /** Characters before the wrong piece. */
  readonly offset: number;

  constructor(message: string, options: { hint?: string; offset?: number } = {}) {
    super(message);
    this.name = "RecordProblem";
    this.hint = options.hint ?? "";
    this.offset = options.offset ?? 0;
  }

  /** The same problem as part of a longer text. */
  behind(offset: number): RecordProblem {
    return new RecordProblem(this.message, { hint: this.hint, offset: this.offset + offset });
  }
}
