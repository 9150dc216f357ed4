/** What a client is answered. */
export interface AcmeAnswer {
  readonly status: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string;
  /** Of a text. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Targets by relation, besides `index`. */
  readonly links?: readonly { readonly relation: string; readonly target: string }[];
}
