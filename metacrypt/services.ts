import {
  AuditService,
  MountService,
  PolicyService,
  SystemService,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { ApiService } from "@metacircular/mcdsl/server/api-server.ts";
import { auditedService } from "./audit/audited-service.ts";
import type { Mounts } from "./mounts/mounts.ts";
import type { Policy } from "./policy/policy.ts";
import { createAuditService } from "./rpc/audit-service.ts";
import { createMountService } from "./rpc/mount-service.ts";
import { createPolicyService } from "./rpc/policy-service.ts";
import { createSystemService } from "./rpc/system-service.ts";
import type { Seal } from "./seal/seal.ts";
import type { Stores } from "./stores.ts";

export interface ServiceParts extends Pick<Stores, "audit" | "auditStore"> {
  readonly seal: Seal;
  readonly mounts: Mounts;
  readonly policy: Policy;
  readonly version: string;
}

/** All services that are reached by gRPC and REST; every call is in the audit log. */
export function createServices(parts: ServiceParts): ApiService[] {
  const { seal, mounts, policy, audit, auditStore, version } = parts;
  return [
    auditedService(SystemService, createSystemService(seal, version), audit),
    auditedService(MountService, createMountService(mounts), audit),
    auditedService(PolicyService, createPolicyService(policy, audit), audit),
    auditedService(AuditService, createAuditService(auditStore), audit),
  ];
}
