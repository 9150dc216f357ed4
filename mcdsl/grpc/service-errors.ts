import type { DetailedError } from "../errors.ts";
import { fromConnectError } from "./errors.ts";

const codes: Readonly<Record<string, string>> = {
  NODE_UNREACHABLE: "UNREACHABLE",
  NODE_TLS_FAILED: "TLS_FAILED",
};

/** What a client of a service that is no node makes of a failed call: as `fromConnectError`, but UNREACHABLE and
 * TLS_FAILED.
 * @param service what was called, e.g. `the registry at mcr.example:9443` */
export function fromServiceError(thrown: unknown, service: string): DetailedError {
  const error = fromConnectError(thrown, service);
  const code = codes[error.code];
  if (code === undefined) return error;
  const remedy =
    code === "UNREACHABLE"
      ? "check that it runs, the address of its gRPC, and the network between"
      : "check the CA file, and the names in its certificate";
  return error.with({ code, remedy });
}
