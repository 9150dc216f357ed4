import { createClient } from "@connectrpc/connect";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { ProxyAdmin } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";

const timeoutMs = 10_000;

/** Resolves when the proxy answers and its data plane runs.
 * @throws DetailedError `PROGRAM_NOT_HEALTHY`, or those of the connection */
export async function checkProxy(socket: string): Promise<void> {
  await using transport = createGrpcClientTransport({ address: `unix:${socket}`, timeoutMs });
  const { dataPlane } = await createClient(ProxyAdmin, transport).getStatus({});
  if (dataPlane?.running === true) return;
  throw new DetailedError({
    code: "PROGRAM_NOT_HEALTHY",
    category: "unavailable",
    attempted: "serve with the proxy of",
    subject: socket,
    found: "its data plane does not run",
  });
}
