import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromServiceError } from "@metacircular/mcdsl/grpc/service-errors.ts";
import { KeyService, RecordService, ZoneService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";

/** Talks to a name server. Calls throw a DetailedError: the server's own, or UNREACHABLE, TLS_FAILED (both of category
 * unavailable), DEADLINE_EXCEEDED, CANCELLED. Disposing it ends its connection. */
export interface NameServerClient extends AsyncDisposable {
  readonly zones: Client<typeof ZoneService>;
  readonly records: Client<typeof RecordService>;
  readonly keys: Client<typeof KeyService>;
}

export interface NameServerClientOptions {
  /** `host:port` of the server's gRPC. */
  readonly address: string;
  /** PEM file of the only authorities to trust; default: the well-known ones. */
  readonly caFile?: string | undefined;
  /** Sent with each call. */
  readonly token: () => Promise<string>;
  /** For each call that sets none itself. */
  readonly timeoutMs: number;
}

/** Whole zone files come and go as one message. */
const mostMessageBytes = 32 * 1024 * 1024;

/** Connects at the first call, and again when the connection was lost.
 * @throws DetailedError ADDRESS_INVALID, and what is wrong with the CA file */
export function createNameServerClient(options: NameServerClientOptions): NameServerClient {
  const transport = createGrpcClientTransport({ ...options, maxMessageBytes: mostMessageBytes });
  const told = tellingFailures(transport, options.address);
  return {
    zones: createClient(ZoneService, told),
    records: createClient(RecordService, told),
    keys: createClient(KeyService, told),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function tellingFailures(transport: Transport, address: string): Transport {
  return {
    async unary(...call) {
      try {
        return await transport.unary(...call);
      } catch (thrown) {
        throw fromServiceError(thrown, `the name server at ${address}`);
      }
    },
    stream: transport.stream.bind(transport),
  };
}
