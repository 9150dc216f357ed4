import { createClient } from "@connectrpc/connect";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { RecordService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { createReachability } from "./reachability.ts";

/** The records of the agent's zone at the name server. Calls throw a DetailedError; of category unavailable or
 * deadline-exceeded where it does not answer. */
export interface NameRecords {
  /** Data of the records with that name, relative to the zone, and type. */
  list(name: string, type: RecordType, signal: AbortSignal): Promise<readonly string[]>;
  /** Makes the records of a name and type exactly these; none removes them. */
  replace(records: NamedRecords, signal: AbortSignal): Promise<void>;
}

export interface NamedRecords {
  readonly name: string;
  readonly type: RecordType;
  /** As in a zone file. */
  readonly data: readonly string[];
  readonly ttlS: number;
}

export type RecordType = "A" | "AAAA" | "TXT";

const callTimeoutMs = 5_000;
const lookTimeoutMs = 3_000;

/** @param options.address `host:port` of its gRPC API */
export function createNameRecords(options: {
  address: string;
  caFile: string | undefined;
  token: () => Promise<string>;
  zone: string;
  clock: Clock;
}): NameRecords & AsyncDisposable {
  const { address, caFile, token, zone, clock } = options;
  const transport = createGrpcClientTransport({ address, caFile, token, timeoutMs: callTimeoutMs });
  const client = createClient(RecordService, transport);
  const reachability = createReachability(clock);
  const explained =
    <Result>(work: () => Promise<Result>) =>
    async (): Promise<Result> => {
      try {
        return await work();
      } catch (error) {
        throw fromConnectError(error, `the name server at ${address}`);
      }
    };

  return {
    list: (name, type, signal) =>
      reachability.callOnce(
        explained(async () => {
          const request = { zone, name, type };
          const { records } = await client.listRecords(request, { signal, timeoutMs: lookTimeoutMs });
          return records.map(({ data }) => data);
        }),
      ),
    replace: ({ name, type, data, ttlS: ttl }, signal) =>
      reachability.call(
        explained(async () => {
          await client.replaceRecords({ zone, name, type, ttl, data: [...data] }, { signal });
        }),
        signal,
      ),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
