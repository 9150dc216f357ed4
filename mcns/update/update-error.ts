/** Why an update is not made, as a response code (RFC 2136, section 2.2) and in words for the log. */
export class UpdateError extends Error {
  override readonly name = "UpdateError";
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}
