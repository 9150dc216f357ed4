import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Types of RFC 8555, section 6.7, and RFC 9773, section 7.4, with the HTTP status that is usual for each. */
const statuses = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  alreadyRevoked: 400,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badRevocationReason: 400,
  badSignatureAlgorithm: 400,
  caa: 403,
  connection: 400,
  dns: 400,
  externalAccountRequired: 403,
  incorrectResponse: 403,
  invalidContact: 400,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  tls: 400,
  unauthorized: 403,
  unsupportedContact: 400,
  unsupportedIdentifier: 400,
  userActionRequired: 403,
} as const;

export type ProblemType = keyof typeof statuses;

/** The identifier that a problem is about, as the client wrote it. */
export interface ProblemSubject {
  readonly type: string;
  readonly value: string;
}

/** A problem document (RFC 7807) as it is stored and sent. */
export interface ProblemDocument {
  /** `urn:ietf:params:acme:error:<type>` */
  readonly type: string;
  readonly detail: string;
  readonly status: number;
  readonly identifier?: ProblemSubject;
  readonly subproblems?: readonly ProblemDocument[];
}

export interface ProblemOptions {
  /** Default: what is usual for the type. */
  readonly status?: number;
  /** What a subproblem is about. */
  readonly identifier?: ProblemSubject;
  readonly subproblems?: readonly ProblemDocument[];
  /** Further members of the document, e.g. `algorithms` of badSignatureAlgorithm. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** What an ACME client is answered instead of what it asked for. */
export class AcmeProblem extends Error {
  readonly type: ProblemType;
  readonly headers: Readonly<Record<string, string>>;
  readonly document: ProblemDocument;

  constructor(type: ProblemType, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AcmeProblem";
    this.type = type;
    this.headers = options.headers ?? {};
    this.document = {
      type: `urn:ietf:params:acme:error:${type}`,
      detail,
      status: options.status ?? statuses[type],
      ...(options.identifier === undefined ? {} : { identifier: options.identifier }),
      ...(options.subproblems === undefined ? {} : { subproblems: options.subproblems }),
      ...options.members,
    };
  }
}

/** The problem that stands for whatever was thrown. Only what the client can act on is told. */
export function problemOf(thrown: unknown): AcmeProblem {
  if (thrown instanceof AcmeProblem) return thrown;
  if (!(thrown instanceof DetailedError)) return internal(thrown);
  if (thrown.code === "SEALED") {
    return new AcmeProblem("serverInternal", "the server is sealed; try again later", {
      status: 503,
      headers: { "retry-after": "30" },
      cause: thrown,
    });
  }
  if (thrown.code === "PERMISSION_DENIED") {
    return new AcmeProblem("unauthorized", thrown.message, { cause: thrown });
  }
  if (thrown.category === "unavailable") {
    return new AcmeProblem("serverInternal", "the server cannot do this now; try again later", {
      status: 503,
      headers: { "retry-after": "30" },
      cause: thrown,
    });
  }
  return internal(thrown);
}

function internal(cause: unknown): AcmeProblem {
  return new AcmeProblem("serverInternal", "something went wrong here", { cause });
}

/** Several identifiers were refused: one problem with a subproblem for each (RFC 8555, section 6.7.1). */
export function compound(
  type: ProblemType,
  detail: string,
  parts: readonly { readonly identifier: ProblemSubject; readonly problem: AcmeProblem }[],
): AcmeProblem {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first.problem;
  return new AcmeProblem(type, detail, {
    subproblems: parts.map(({ identifier, problem }) => ({ ...problem.document, identifier })),
  });
}
