import { timestampDate, timestampFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { AuditService } from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import type { AuditStore } from "../audit/audit-store.ts";
import { keyOf, limitOf, pageOf } from "./page.ts";

/** What was done and refused, by gRPC and REST. */
export function auditService({ store }: { readonly store: AuditStore }): ApiService {
  return apiService(AuditService, {
    async listAuditEntries({ repository, account, action, outcome, since, until, ...request }) {
      const limit = limitOf(request.limit);
      const before = keyOf(request.pageToken);
      const filter = {
        repository: given(repository),
        account: given(account),
        action: given(action),
        outcome: given(outcome),
        sinceMs: timeOf(since),
        untilMs: timeOf(until),
        beforeSequence: /^\d{1,15}$/u.test(before) ? Number(before) : undefined,
      };
      const found = await store.list(filter, limit + 1);
      const { page, nextPageToken } = pageOf(found, limit, ({ sequence }) => String(sequence));
      const entries = page.map(({ sequence, atMs, caller, ...entry }) => ({
        ...entry,
        sequence: BigInt(sequence),
        at: timestampFromMs(atMs),
        account: caller.name,
        accountKind: caller.kind,
      }));
      return { entries, nextPageToken };
    },
  });
}

function given(text: string): string | undefined {
  return text === "" ? undefined : text;
}

function timeOf(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : timestampDate(time).getTime();
}
