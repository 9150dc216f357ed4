import type { DescService } from "@bufbuild/protobuf";
import { Option } from "@commander-js/extra-typings";
import type { Client } from "@connectrpc/connect";
import { callService } from "@metacircular/mcdsl/commands/call-service.ts";
import { readTokenFile } from "@metacircular/mcdsl/commands/token-file.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { CommandContext } from "./context.ts";

/** Options of commands that ask the running server. */
export interface RemoteOptions {
  readonly server: string;
  readonly ca?: string | undefined;
  readonly serverName?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export function serverOption(): Option<"-s, --server <address>", undefined, string> {
  return new Option("-s, --server <address>", "the server's gRPC address")
    .env("METACRYPT_SERVER")
    .default("localhost:9443");
}

export function caOption(): Option<"--ca <file>"> {
  return new Option("--ca <file>", "PEM file of the authorities to trust for the server").env("METACRYPT_CA");
}

export function serverNameOption(): Option<"--server-name <name>"> {
  return new Option("--server-name <name>", "name in the server's certificate, where it is another").env(
    "METACRYPT_SERVER_NAME",
  );
}

export function tokenFileOption(): Option<"--token-file <file>"> {
  return new Option(
    "--token-file <file>",
    "file with your token, such as `mcp login` leaves; METACRYPT_TOKEN goes before it",
  ).env("METACRYPT_TOKEN_FILE");
}

/** Calls a service of the running server. What the server refuses is thrown as the DetailedError that it said.
 * @throws DetailedError also TOKEN_FILE_EXPOSED, TOKEN_FILE_UNREADABLE, NOT_LOGGED_IN where a token is needed, UNREACHABLE, TLS_FAILED */
export async function callServer<Service extends DescService, Result>(
  context: CommandContext,
  options: RemoteOptions,
  service: Service,
  call: (client: Client<Service>) => Promise<Result>,
): Promise<Result> {
  const token = await tokenFor(context, options);
  const { server: address, ca: caFile, serverName } = options;
  const reached = { address, caFile, serverName, token, name: `Metacrypt at ${address}` };
  try {
    return await callService(reached, service, call);
  } catch (thrown) {
    throw token === undefined && thrown instanceof DetailedError ? withHint(thrown) : thrown;
  }
}

/** Undefined: none is given. What anybody may do works without. */
async function tokenFor(
  { environment }: CommandContext,
  options: RemoteOptions,
): Promise<string | undefined> {
  const given = environment["METACRYPT_TOKEN"]?.trim() ?? "";
  if (given !== "") return given;
  return options.tokenFile === undefined ? undefined : readTokenFile(options.tokenFile);
}

function withHint(error: DetailedError): DetailedError {
  if (error.category !== "unauthenticated") return error;
  return new DetailedError({
    code: "NOT_LOGGED_IN",
    category: "unauthenticated",
    attempted: "call the server",
    found: "it wants to know who calls, and no token was given",
    remedy: "name the file with your token by --token-file, or put the token into METACRYPT_TOKEN",
    cause: error,
  });
}
