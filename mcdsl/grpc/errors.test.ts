import { Code, ConnectError } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError, type ErrorCategory } from "../errors.ts";
import { fromConnectError, toConnectError, toErrorDetail } from "./errors.ts";

const categories: Record<ErrorCategory, Code> = {
  "invalid-argument": Code.InvalidArgument,
  "not-found": Code.NotFound,
  "already-exists": Code.AlreadyExists,
  "failed-precondition": Code.FailedPrecondition,
  aborted: Code.Aborted,
  unauthenticated: Code.Unauthenticated,
  "permission-denied": Code.PermissionDenied,
  "resource-exhausted": Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  "deadline-exceeded": Code.DeadlineExceeded,
  cancelled: Code.Canceled,
  internal: Code.Internal,
};

describe("toConnectError", () => {
  for (const [category, code] of Object.entries(categories)) {
    test(`gives ${category} its status`, () => {
      const details = { code: "X", attempted: "do", found: "no" };
      const error = toConnectError(new DetailedError({ ...details, category: category as ErrorCategory }));
      assert.equal(error.code, code);
      assert.equal(error.rawMessage, "cannot do: no");
    });
  }

  test("keeps what is one already", () => {
    const error = new ConnectError("x", Code.DataLoss);
    assert.equal(toConnectError(error), error);
  });

  test("tells nothing of what was not foreseen, and keeps it as the cause", () => {
    const cause = new Error("password of the database is wrong");
    const error = toConnectError(cause);
    assert.equal(error.code, Code.Internal);
    assert.doesNotMatch(error.message, /password/);
    assert.equal(error.cause, cause);
    assert.equal(toErrorDetail(cause).code, "INTERNAL");
    assert.equal(toConnectError("text").code, Code.Internal);
  });

  test("tells what a full disk does to a database, and nothing else of a database", () => {
    const failure = (errcode: number) => Object.assign(new Error("it is full"), { errcode });
    const error = toConnectError(failure(13));
    assert.equal(error.code, Code.ResourceExhausted);
    assert.match(error.message, /it is full; free some space/u);
    assert.equal(toErrorDetail(fromConnectError(error)).code, "DATABASE_WRITE_FAILED");
    // Extended codes: SQLITE_IOERR_SHMSIZE, SQLITE_CONSTRAINT_UNIQUE.
    assert.equal(toConnectError(failure(4_874)).code, Code.ResourceExhausted);
    assert.equal(toConnectError(failure(2_067)).code, Code.Internal);
  });

  test("knows an aborted operation as cancelled", () => {
    assert.equal(toConnectError(AbortSignal.abort().reason).code, Code.Canceled);
  });
});

describe("fromConnectError", () => {
  const system = (code: string): Error => Object.assign(new Error(code), { code });
  const cases: [string, unknown, string, ErrorCategory][] = [
    [
      "a refused connection",
      new ConnectError("x", Code.Unavailable, undefined, undefined, system("ECONNREFUSED")),
      "NODE_UNREACHABLE",
      "unavailable",
    ],
    [
      "a reset connection",
      new ConnectError("x", Code.Aborted, undefined, undefined, system("ECONNRESET")),
      "NODE_UNREACHABLE",
      "unavailable",
    ],
    [
      "an expired certificate",
      new ConnectError("x", Code.Internal, undefined, undefined, system("CERT_HAS_EXPIRED")),
      "NODE_TLS_FAILED",
      "unavailable",
    ],
    [
      "a passed deadline",
      new ConnectError("x", Code.DeadlineExceeded),
      "DEADLINE_EXCEEDED",
      "deadline-exceeded",
    ],
    [
      "a stream that ends with its connection",
      new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
      "NODE_UNREACHABLE",
      "unavailable",
    ],
    ["a cancelled call", new ConnectError("x", Code.Canceled), "CANCELLED", "cancelled"],
    [
      "a call that is not served",
      new ConnectError("x", Code.Unimplemented),
      "UNIMPLEMENTED",
      "failed-precondition",
    ],
    ["another status", new ConnectError("x", Code.DataLoss), "DATA_LOSS", "internal"],
    ["a bug of the client", new TypeError("x"), "INTERNAL", "internal"],
  ];
  for (const [what, error, code, category] of cases) {
    test(`explains ${what}`, () => {
      const explained = fromConnectError(error, "node rift");
      assert.equal(explained.code, code);
      assert.equal(explained.category, category);
      assert.match(explained.message, /node rift/);
      assert.equal(explained.cause, error);
    });
  }

  test("finds the facts that caused it on this side", () => {
    const cause = new DetailedError({ code: "TOKEN_MISSING", attempted: "log in", found: "no token" });
    assert.equal(fromConnectError(new ConnectError("x", Code.Unknown, undefined, undefined, cause)), cause);
    assert.equal(fromConnectError(cause), cause);
  });
});
