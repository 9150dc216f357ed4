import { type RemoteOptions, remoteOptions } from "@metacircular/mcdsl/commands/remote-options.ts";
import { tokenOf } from "@metacircular/mcdsl/commands/token-file.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createNameServerClient, type NameServerClient } from "../client.ts";
import type { CommandContext } from "./context.ts";

const callTimeoutMs = 60_000;

export const { serverOption, caFileOption, tokenFileOption } = remoteOptions("MCNS", {
  service: "server",
  address: "localhost:9448",
});

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
