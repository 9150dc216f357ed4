import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import type { CertificateIssuer } from "../ca/issuer.ts";
import type { PolicyCheck } from "../policy/policy-check.ts";

/** A CA mount as its ACME server sees it. */
export interface AcmeMount {
  readonly name: string;
  readonly issuer: CertificateIssuer;
  /** For the ACME server alone. */
  readonly records: SealedRecords;
}

/** The CA mounts that there are now. */
export interface AcmeMounts {
  /** Undefined: there is no such CA mount. @throws DetailedError SEALED */
  find(name: string): AcmeMount | undefined;
  /** @throws DetailedError SEALED */
  names(): readonly string[];
}

/** Random bytes, base64url. */
export type RandomToken = (byteCount: number) => string;

/** What the ACME server asks of the rest of Metacrypt. */
export interface AcmePorts {
  readonly mounts: AcmeMounts;
  readonly policy: PolicyCheck;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}
