/** Does for many callers at once what each of them asked for. Requests that come in the same tick, or while
 * earlier ones are being worked on, are handled together; work never overlaps. */
export class Coalescer<Request, Result> {
  readonly #work: (requests: readonly Request[]) => Promise<Result>;
  #waiting: { requests: Request[]; result: Promise<Result> } | undefined;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(work: (requests: readonly Request[]) => Promise<Result>) {
    this.#work = work;
  }

  request(request: Request): Promise<Result> {
    this.#waiting ??= this.#open();
    this.#waiting.requests.push(request);
    return this.#waiting.result;
  }

  #open(): { requests: Request[]; result: Promise<Result> } {
    const requests: Request[] = [];
    const result = this.#previous.then(() => {
      this.#waiting = undefined;
      return this.#work(requests);
    });
    // Whoever asked hears of a failure; the next batch starts either way.
    this.#previous = result.catch(() => undefined);
    return { requests, result };
  }
}
