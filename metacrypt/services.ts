import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import {
  AuditService,
  MountService,
  PolicyService,
  SystemService,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { ApiService } from "@metacircular/mcdsl/server/api-server.ts";
import type { AcmeMounts } from "./acme/ports.ts";
import { createAcmeService } from "./acme/rpc/acme-service.ts";
import { createCaService } from "./ca/rpc/ca-service.ts";
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
  /** The CA mounts, as ACME sees them. */
  readonly acmeMounts: AcmeMounts;
  /** Origin under which clients reach the server. */
  readonly externalUrl: string;
  readonly clock: Clock;
  readonly version: string;
}

/** All services that are reached by gRPC and REST; every call is in the audit log. */
export function createServices(parts: ServiceParts): ApiService[] {
  const { seal, mounts, acmeMounts, policy, audit, auditStore, externalUrl, clock, version } = parts;
  return [
    auditedService(SystemService, createSystemService(seal, version), audit),
    auditedService(MountService, createMountService(mounts), audit),
    auditedService(PolicyService, createPolicyService(policy, audit), audit),
    auditedService(AuditService, createAuditService(auditStore), audit),
    auditedService(CaService, createCaService({ engines: mounts, policy, clock }), audit),
    auditedService(AcmeService, createAcmeService({ mounts: acmeMounts, audit, clock, externalUrl }), audit),
  ];
}
