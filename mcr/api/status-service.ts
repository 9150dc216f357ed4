import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { StatusService } from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import type { Metadata } from "../metadata/metadata.ts";

export interface StatusParts {
  readonly version: string;
  readonly externalUrl: string;
  readonly engine: string;
  readonly storage: string;
  readonly startedAtMs: number;
  readonly metadata: Pick<Metadata, "totals">;
  readonly uploads: { readonly count: number };
  readonly auditLog: { readonly dropped: number };
}

/** How the registry is, by gRPC and REST. */
export function statusService(parts: StatusParts): ApiService {
  const { version, externalUrl, engine: database, storage, startedAtMs, metadata, uploads, auditLog } = parts;
  return apiService(StatusService, {
    async getStatus() {
      const { repositories, manifests, tags, blobs, blobBytes } = await metadata.totals();
      return {
        version,
        externalUrl,
        database,
        storage,
        repositories: BigInt(repositories),
        manifests: BigInt(manifests),
        tags: BigInt(tags),
        blobs: BigInt(blobs),
        blobBytes: BigInt(blobBytes),
        uploadsInProgress: uploads.count,
        auditEntriesDropped: BigInt(auditLog.dropped),
        started: timestampFromMs(startedAtMs),
      };
    },
  });
}
