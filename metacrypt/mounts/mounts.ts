import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import type { PolicyCheck } from "../policy/policy-check.ts";
import type { Engine, Engines, EngineSettings, EngineType } from "./engine.ts";
import {
  mountExists,
  mountNameInvalid,
  mountNotFound,
  mountTypeUnknown,
  mountUnusable,
} from "./mount-errors.ts";
import { MountStore, type StoredMount } from "./mount-store.ts";

export interface MountsOptions {
  readonly records: SealedRecords;
  readonly policy: PolicyCheck;
  readonly audit: AuditLog;
  readonly types: readonly EngineType[];
  readonly settings: EngineSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A mount and how it is. */
export interface MountState extends StoredMount {
  /** Why its engine could not be opened; empty: it is at work. */
  readonly problem: string;
}

const DELETED_AT_ONCE = 1000;

/** The mounts and their engines, which are open while the service is unsealed. */
export class Mounts implements Engines {
  readonly #options: MountsOptions;
  readonly #store: MountStore;
  readonly #engines = new Map<string, Engine>();
  readonly #problems = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MountsOptions) {
    this.#options = options;
    this.#store = new MountStore(options.records.under("core/mounts"));
  }

  engine<E extends Engine>(type: EngineType<E>, name: string): E {
    const mount = this.#store.find(name);
    if (mount?.type !== type.type) throw mountNotFound(name, type.type);
    const engine = this.#engines.get(name);
    if (engine === undefined || !type.is(engine)) throw mountUnusable(name, this.#problems.get(name));
    return engine;
  }

  names(type: EngineType): string[] {
    return this.#store.all().flatMap((mount) => (mount.type === type.type ? [mount.name] : []));
  }

  /** The records of a mount: its engine's, and of what belongs to the engine. */
  recordsOf(name: string): SealedRecords {
    return this.#options.records.under(`mounts/${name}`);
  }

  /** @throws DetailedError SEALED */
  list(): MountState[] {
    return this.#store.all().map((mount) => ({ ...mount, problem: this.#problems.get(mount.name) ?? "" }));
  }

  /** @throws DetailedError MOUNT_NAME_INVALID, MOUNT_TYPE_UNKNOWN, MOUNT_EXISTS, SEALED, AUDIT_UNAVAILABLE */
  create(request: { name: string; type: string; actor: string }): Promise<MountState> {
    const { name, type, actor } = request;
    return this.#inTurn(async () => {
      if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u.test(name)) throw mountNameInvalid(name);
      if (this.#typeOf(type) === undefined) throw mountTypeUnknown(type, this.#options.types);
      const mount = { name, type, createdMs: this.#options.clock.now() };
      const entry = { actor, operation: "mount/create-mount", mount: name, subject: type };
      this.#options.audit.change(entry, () => {
        if (this.#store.find(name) !== undefined) throw mountExists(name);
        // A call that was under way when an earlier mount was removed may have left some.
        this.#deleteRecords(name);
        this.#store.add(mount);
      });
      await this.#open(mount);
      return { ...mount, problem: this.#problems.get(name) ?? "" };
    });
  }

  /** Removes a mount with all its records.
   * @throws DetailedError MOUNT_NOT_FOUND, SEALED, AUDIT_UNAVAILABLE */
  delete({ name, actor }: { name: string; actor: string }): Promise<void> {
    return this.#inTurn(async () => {
      const mount = this.#store.find(name);
      if (mount === undefined) throw mountNotFound(name);
      const entry = { actor, operation: "mount/delete-mount", mount: name, subject: mount.type };
      this.#options.audit.change(entry, () => {
        this.#store.remove(name);
        this.#deleteRecords(name);
      });
      await this.#close(name);
    });
  }

  /** Opens the engines of all mounts. One that cannot be opened does not keep the others from it. */
  openAll(): Promise<void> {
    return this.#inTurn(async () => {
      for (const mount of this.#store.all()) await this.#open(mount);
    });
  }

  /** Closes all engines. */
  closeAll(): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of this.#engines.keys()) await this.#close(name);
      this.#problems.clear();
    });
  }

  #typeOf(type: string): EngineType | undefined {
    return this.#options.types.find((known) => known.type === type);
  }

  async #open({ name, type }: StoredMount): Promise<void> {
    const { policy, audit, settings, clock, logger } = this.#options;
    const known = this.#typeOf(type);
    try {
      if (known === undefined) throw mountTypeUnknown(type, this.#options.types);
      const engine = await known.open({
        mount: name,
        records: this.recordsOf(name),
        policy,
        audit,
        settings,
        clock,
        logger: logger.child({ mount: name }),
      });
      this.#engines.set(name, engine);
      this.#problems.delete(name);
    } catch (error) {
      logger.error({ error, mount: name, type }, "the engine of a mount cannot be opened");
      this.#problems.set(name, messageOf(error));
    }
  }

  async #close(name: string): Promise<void> {
    const engine = this.#engines.get(name);
    this.#engines.delete(name);
    this.#problems.delete(name);
    try {
      await engine?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.logger.error({ error, mount: name }, "the engine of a mount did not close cleanly");
    }
  }

  #deleteRecords(name: string): void {
    const records = this.recordsOf(name);
    for (;;) {
      const paths = records.list("", { limit: DELETED_AT_ONCE });
      for (const path of paths) records.delete(path);
      if (paths.length < DELETED_AT_ONCE) return;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
