import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { callService } from "@metacircular/mcdsl/commands/call-service.ts";
import { type RemoteOptions, remoteOptions } from "@metacircular/mcdsl/commands/remote-options.ts";
import { tokenOf } from "@metacircular/mcdsl/commands/token-file.ts";
import type { CommandContext } from "./context.ts";

export const { serverOption, caFileOption, tokenFileOption } = remoteOptions("MCR", {
  service: "registry",
  address: "localhost:9443",
});

/** Calls a service of the running registry. What the registry refuses is thrown as the DetailedError that it said.
 * @throws DetailedError also TOKEN_FILE_EXPOSED, TOKEN_FILE_UNREADABLE, UNREACHABLE, TLS_FAILED */
export async function callServer<Service extends DescService, Result>(
  { environment }: CommandContext,
  options: RemoteOptions,
  service: Service,
  call: (client: Client<Service>) => Promise<Result>,
): Promise<Result> {
  const { server: address, caFile, tokenFile: file } = options;
  const token = await tokenOf({ file, given: environment["MCR_TOKEN"], environment });
  return callService({ address, caFile, token, name: `the registry at ${address}` }, service, call);
}
