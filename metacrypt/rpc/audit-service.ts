import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type AuditRecord,
  AuditRecordSchema,
  type AuditService,
  ListAuditEntriesResponseSchema,
  VerifyAuditLogResponseSchema,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { z } from "zod";
import type { AuditStore, StoredEntry } from "../audit/audit-store.ts";
import { verifyChain } from "../audit/verify.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const factsSchema = z.record(z.string(), z.string());

export function createAuditService(store: AuditStore): ServiceImpl<typeof AuditService> {
  return {
    listAuditEntries({ after, limit, actor, operation, mount }) {
      const bounded = limit === 0 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT);
      const entries = store.list({ after: Number(after), limit: bounded, actor, operation, mount });
      return create(ListAuditEntriesResponseSchema, { entries: entries.map(recordMessage) });
    },
    async verifyAuditLog({ expect }) {
      const expected = expect === "" ? undefined : Buffer.from(expect, "hex");
      const { entries, last, broken } = await verifyChain(store, expected);
      return create(VerifyAuditLogResponseSchema, {
        intact: broken === undefined,
        entries: BigInt(entries),
        brokenAt: BigInt(broken?.sequence ?? 0),
        problem: broken?.problem ?? "",
        lastHash: Buffer.from(last.hash).toString("hex"),
      });
    },
  };
}

function recordMessage({ sequence, atMs, facts, hash, ...entry }: StoredEntry): AuditRecord {
  const { actor, operation, mount, subject, outcome } = entry;
  return create(AuditRecordSchema, {
    sequence: BigInt(sequence),
    at: timestampFromMs(atMs),
    actor,
    operation,
    mount,
    subject,
    outcome,
    facts: factsSchema.parse(JSON.parse(facts)),
    hash: Buffer.from(hash).toString("hex"),
  });
}
