import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import type { PolicyCheck } from "../policy/policy-check.ts";

/** What an engine is opened with. */
export interface EngineParts {
  /** Name of the mount, e.g. `pki`. */
  readonly mount: string;
  /** The records of this mount alone. */
  readonly records: SealedRecords;
  readonly policy: PolicyCheck;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: EngineSettings;
}

/** What engines know of the server. */
export interface EngineSettings {
  /** Origin under which clients reach the REST address, e.g. `https://metacrypt.example.org:8443`. */
  readonly externalUrl: string;
  /** Origin under which certificates name revocation lists, status answers and issuers, usually plain HTTP, e.g.
   * `http://pki.example.org`. Default: `externalUrl`. */
  readonly pkiUrl?: string;
}

/** An open engine. It is disposed when the service is sealed, the mount deleted or the server stopped: it then forgets
 * its keys and ends what it does in the background. */
export interface Engine extends AsyncDisposable {}

/** A kind of engine. */
export interface EngineType<E extends Engine = Engine> {
  /** Name of the kind, e.g. `ca`. */
  readonly type: string;
  /** Opens the engine of a mount, also of one just made, whose records are empty. */
  open(parts: EngineParts): Promise<E>;
  /** Whether an engine is of this kind. */
  is(engine: Engine): engine is E;
}

/** The open engines, as services find them. */
export interface Engines {
  /** The engine of a mount.
   * @throws DetailedError SEALED, MOUNT_NOT_FOUND (also where the mount is of another type), MOUNT_UNUSABLE */
  engine<E extends Engine>(type: EngineType<E>, mount: string): E;
  /** Names of the mounts of a type, sorted. @throws DetailedError SEALED */
  names(type: EngineType): string[];
}
