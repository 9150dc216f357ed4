import { Option } from "@commander-js/extra-typings";
import { tokenOf } from "@metacircular/mcdsl/commands/token-file.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createNameServerClient, type NameServerClient } from "../client.ts";
import type { CommandContext } from "./context.ts";

/** How a command reaches the server; the same options for all. */
export interface RemoteOptions {
  readonly server: string;
  readonly caFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

const callTimeoutMs = 60_000;

export function serverOption(): Option<"-s, --server <address>", undefined, string> {
  return new Option("-s, --server <address>", "host:port of the server's gRPC")
    .env("MCNS_ADDRESS")
    .default("localhost:9448");
}

export function caFileOption(): Option<"--ca-file <file>"> {
  return new Option("--ca-file <file>", "PEM file of the only authorities to trust").env("MCNS_CA_FILE");
}

export function tokenFileOption(): Option<"--token-file <file>"> {
  return new Option(
    "--token-file <file>",
    "file with a token; default: $MCNS_TOKEN, else the login of mcp",
  ).env("MCNS_TOKEN_FILE");
}

/** Runs `body` with a connection to the server. What the server lists of a failure is said line by line. */
export async function withServer(
  context: CommandContext,
  options: RemoteOptions,
  body: (server: NameServerClient) => Promise<void>,
): Promise<void> {
  const { server: address, caFile, tokenFile: file } = options;
  const { environment } = context;
  const token = await tokenOf({ file, given: environment["MCNS_TOKEN"], environment });
  await using server = createNameServerClient({
    address,
    caFile,
    token: () => Promise.resolve(token),
    timeoutMs: callTimeoutMs,
  });
  try {
    await body(server);
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.output.length > 1) {
      for (const line of thrown.output) context.terminal.say(line);
    }
    throw thrown;
  }
}
