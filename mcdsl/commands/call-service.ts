import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";

const callTimeoutMs = 60_000;

/** How a command reaches a service. */
export interface Reached {
  /** `host:port` of its gRPC. */
  readonly address: string;
  /** PEM file of the only authorities to trust; undefined: the well-known ones. */
  readonly caFile: string | undefined;
  /** Name in its certificate; undefined: the host's. */
  readonly serverName?: string | undefined;
  /** Undefined: the call is nobody's. */
  readonly token: string | undefined;
  /** For people, e.g. `the registry at mcr.example:9443`. */
  readonly name: string;
}

/** Calls a service from a command; each call has 60 s.
 * @throws DetailedError what the service said, or UNREACHABLE, TLS_FAILED, DEADLINE_EXCEEDED */
export async function callService<Service extends DescService, Result>(
  { address, caFile, serverName, token, name }: Reached,
  service: Service,
  call: (client: Client<Service>) => Promise<Result>,
): Promise<Result> {
  // Commands that call nothing should not wait until the library has loaded.
  const [{ createClient }, { createGrpcClientTransport }, { fromServiceError }] = await Promise.all([
    import("@connectrpc/connect"),
    import("../grpc/client.ts"),
    import("../grpc/service-errors.ts"),
  ]);
  await using transport = createGrpcClientTransport({
    address,
    caFile,
    serverName,
    timeoutMs: callTimeoutMs,
    ...(token !== undefined && { token: () => Promise.resolve(token) }),
  });
  try {
    return await call(createClient(service, transport));
  } catch (thrown) {
    throw fromServiceError(thrown, name);
  }
}
