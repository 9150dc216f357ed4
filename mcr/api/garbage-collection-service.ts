import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import {
  type GarbageCollectionSchema,
  GarbageCollectionService,
} from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import type { GarbageCollector } from "../gc/collector.ts";
import type { GcRun } from "../gc/run.ts";
import { keyOf, limitOf, pageOf } from "./page.ts";

const runsByDefault = 20;
const mostRuns = 100;

/** Garbage collection by gRPC and REST. */
export function garbageCollectionService({
  collector,
}: {
  readonly collector: GarbageCollector;
}): ApiService {
  const requireRun = async (id: string): Promise<GcRun> => {
    const run = /^\d{1,15}$/u.test(id) ? await collector.find(Number(id)) : undefined;
    if (run === undefined) throw runUnknown(id);
    return run;
  };
  return apiService(GarbageCollectionService, {
    async startGarbageCollection({ dryRun }, context) {
      const { name: by, kind } = callerOf(context);
      return runMessage(await collector.start({ dryRun, by, kind }));
    },
    getGarbageCollection: async ({ id }) => runMessage(await requireRun(id)),
    async listGarbageCollectionItems({ id, limit: wanted, pageToken }) {
      const run = await requireRun(id);
      const limit = limitOf(wanted);
      // Places begin at 0.
      const key = keyOf(pageToken);
      const after = /^\d{1,9}$/u.test(key) ? Number(key) : -1;
      const found = await collector.items(run.id, { after, limit: limit + 1 });
      const { page, nextPageToken } = pageOf(found, limit, ({ place }) => String(place));
      const items = page.map(({ kind, repository, name, sizeBytes }) => ({
        kind,
        repository,
        name,
        sizeBytes: BigInt(sizeBytes),
      }));
      return { items, nextPageToken };
    },
    async listGarbageCollections({ limit }) {
      const runs = await collector.runs(limitOf(limit, runsByDefault, mostRuns));
      return { runs: runs.map(runMessage) };
    },
  });
}

function runMessage(run: GcRun): MessageInitShape<typeof GarbageCollectionSchema> {
  const { id, state, dryRun, startedAtMs, endedAtMs, by, tags, manifests, links, blobs, bytes } = run;
  return {
    id: String(id),
    state,
    dryRun,
    started: timestampFromMs(startedAtMs),
    ...(endedAtMs === 0 ? {} : { ended: timestampFromMs(endedAtMs) }),
    startedBy: by,
    tagsRemoved: BigInt(tags),
    manifestsRemoved: BigInt(manifests),
    linksRemoved: BigInt(links),
    blobsRemoved: BigInt(blobs),
    bytesFreed: BigInt(bytes),
    blobsMissing: BigInt(run.missingBlobs),
    problem: run.error,
  };
}

function runUnknown(id: string): DetailedError {
  return new DetailedError({
    code: "COLLECTION_UNKNOWN",
    category: "not-found",
    attempted: "find garbage collection",
    subject: JSON.stringify(id.slice(0, 40)),
    found: "there is no such run, or it is too long ago",
    remedy: "list the runs",
  });
}
