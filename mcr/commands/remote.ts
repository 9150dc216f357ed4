import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { type RemoteOptions, remoteOptions } from "@metacircular/mcdsl/commands/remote-options.ts";
import { tokenOf } from "@metacircular/mcdsl/commands/token-file.ts";
import type { CommandContext } from "./context.ts";

const callTimeoutMs = 60_000;

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
  // Commands that do not call the registry should not wait until the library has loaded.
  const [{ createClient }, { createGrpcClientTransport }, { fromServiceError }] = await Promise.all([
    import("@connectrpc/connect"),
    import("@metacircular/mcdsl/grpc/client.ts"),
    import("@metacircular/mcdsl/grpc/service-errors.ts"),
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
    throw fromServiceError(thrown, `the registry at ${address}`);
  }
}
