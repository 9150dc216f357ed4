import type { DescService } from "@bufbuild/protobuf";
import { Option } from "@commander-js/extra-typings";
import type { Client } from "@connectrpc/connect";
import { tokenOf } from "@metacircular/mcdsl/commands/token-file.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { CommandContext } from "./context.ts";

/** How a command reaches the registry; the same options for all. */
export interface RemoteOptions {
  readonly server: string;
  readonly caFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

const callTimeoutMs = 60_000;

export function serverOption(): Option<"-s, --server <address>", undefined, string> {
  return new Option("-s, --server <address>", "host:port of the registry's gRPC")
    .env("MCR_ADDRESS")
    .default("localhost:9443");
}

export function caFileOption(): Option<"--ca-file <file>"> {
  return new Option("--ca-file <file>", "PEM file of the only authorities to trust").env("MCR_CA_FILE");
}

export function tokenFileOption(): Option<"--token-file <file>"> {
  return new Option(
    "--token-file <file>",
    "file with a token; default: $MCR_TOKEN, else the login of mcp",
  ).env("MCR_TOKEN_FILE");
}

/** Calls a service of the running registry. What the registry refuses is thrown as the DetailedError that it said; what the
 * rules of a command need besides is said line by line.
 * @throws DetailedError also TOKEN_FILE_EXPOSED, TOKEN_FILE_UNREADABLE, UNREACHABLE, TLS_FAILED */
export async function callServer<Service extends DescService, Result>(
  { environment }: CommandContext,
  options: RemoteOptions,
  service: Service,
  call: (client: Client<Service>) => Promise<Result>,
): Promise<Result> {
  const { server: address, caFile, tokenFile: file } = options;
  const token = await tokenOf({ file, given: environment["MCR_TOKEN"], environment });
  // Commands that do not call the registry should not wait until the library has loaded.
  const [{ createClient }, { createGrpcClientTransport }, { fromConnectError }] = await Promise.all([
    import("@connectrpc/connect"),
    import("@metacircular/mcdsl/grpc/client.ts"),
    import("@metacircular/mcdsl/grpc/errors.ts"),
  ]);
  await using transport = createGrpcClientTransport({
    address,
    caFile,
    timeoutMs: callTimeoutMs,
    token: () => Promise.resolve(token),
  });
  try {
    return await call(createClient(service, transport));
  } catch (thrown) {
    throw named(fromConnectError(thrown, `the registry at ${address}`));
  }
}

const codes: Readonly<Record<string, string>> = {
  NODE_UNREACHABLE: "UNREACHABLE",
  NODE_TLS_FAILED: "TLS_FAILED",
};

/** A registry is no node. */
function named(error: DetailedError): DetailedError {
  const code = codes[error.code];
  if (code === undefined) return error;
  const { category, attempted, subject, found, facts, output } = error;
  const remedy =
    code === "UNREACHABLE"
      ? "check that it runs, its address (--server names its gRPC), and the network between"
      : "check --ca-file, and the names in the registry's certificate";
  return new DetailedError({
    code,
    category,
    attempted,
    subject,
    found,
    remedy,
    facts,
    output,
    cause: error,
  });
}
