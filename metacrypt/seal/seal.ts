import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Barrier, SealStatus } from "../barrier/barrier.ts";
import { keyFileNotConfigured, readKeyFile, readOrMakeKeyFile } from "../barrier/key-file.ts";
import { sealed } from "../barrier/keyring.ts";
import type { Protection } from "../barrier/protection.ts";
import type { Mounts } from "../mounts/mounts.ts";
import type { Policy } from "../policy/policy.ts";

export interface SealParts {
  readonly barrier: Barrier;
  readonly mounts: Mounts;
  readonly policy: Policy;
  readonly audit: AuditLog;
  /** Path; empty: none. */
  readonly keyFile: string;
  readonly logger: Logger;
}

/** Opens and closes the whole service: the barrier, and what works behind it. Everything is in the audit log. */
export class Seal {
  readonly #parts: SealParts;
  /** Since the engines are open. */
  #serving = false;
  #opening: Promise<void> | undefined;

  constructor(parts: SealParts) {
    this.#parts = parts;
  }

  /** Also while the engines are still being opened. */
  get isSealed(): boolean {
    return !this.#serving;
  }

  status(): SealStatus & { readonly recordsToRekey: number | undefined } {
    const { barrier } = this.#parts;
    const recordsToRekey = barrier.isSealed ? undefined : barrier.records.outdated();
    return { ...barrier.status(), sealed: this.isSealed, recordsToRekey };
  }

  /** @throws DetailedError SEALED */
  assertOpen(): void {
    if (this.isSealed) throw sealed();
  }

  /** Makes the keys; the service is open afterwards.
   * @param options.unattended also lets the key file of the configuration open it; the file is made where there is none
   * @returns the shares as text, where there are some */
  async initialize(options: {
    protection: Protection | undefined;
    unattended: boolean;
    actor: string;
  }): Promise<string[]> {
    const { barrier, audit } = this.#parts;
    const { protection, unattended, actor } = options;
    const fileKey = unattended && !barrier.status().initialized ? await this.#makeKeyFile() : undefined;
    const entry = {
      actor,
      operation: "system/initialize",
      facts: { protection: nameOf(protection, unattended) },
    };
    const shares = await barrier.initialize({ protection, fileKey }, (work) => audit.change(entry, work));
    await this.#open();
    return shares;
  }

  async unseal(
    by: { readonly passphrase: string } | { readonly share: string },
    actor: string,
  ): Promise<void> {
    const { barrier, audit } = this.#parts;
    const entry = { actor, operation: "system/unseal" };
    const confirm = (): void => audit.record(entry);
    try {
      if ("passphrase" in by) await barrier.unsealByPassphrase(by.passphrase, confirm);
      else await barrier.unsealByShare(by.share, confirm);
    } catch (thrown) {
      // Of all failures only these are few, however often somebody tries.
      if (thrown instanceof DetailedError && thrown.code === "UNSEAL_REFUSED") {
        audit.record({ ...entry, outcome: "refused", facts: { code: thrown.code } });
      }
      throw thrown;
    }
    if (!barrier.isSealed) await this.#open();
  }

  /** Opens the service with the key file, where one is configured and can. Never throws: somebody can still unseal. */
  async unsealUnattended(): Promise<void> {
    const { barrier, audit, keyFile, logger } = this.#parts;
    const { initialized, unattended } = barrier.status();
    if (keyFile === "" || !initialized) return;
    try {
      const key = await readKeyFile(keyFile);
      if (key === undefined) {
        logger.warn({ file: keyFile }, "there is no unattended key file; the service stays sealed");
        return;
      }
      const confirm = (): void => audit.record({ actor: "key-file", operation: "system/unseal" });
      await barrier.unsealByFileKey(key, confirm);
      key.fill(0);
      logger.warn(
        { file: keyFile, unattended },
        "unsealed by the unattended key file: whoever has it and the database has all keys",
      );
      await this.#open();
    } catch (error) {
      logger.error({ error, file: keyFile }, "the unattended key file does not unseal the service");
    }
  }

  /** Drops the shares given so far. */
  forgetShares(): void {
    this.#parts.barrier.forgetShares();
  }

  /** Closes the engines and forgets all keys. It is sealed even where that cannot be written down. */
  async seal(actor: string): Promise<void> {
    await this.close();
    this.#parts.audit.record({ actor, operation: "system/seal" });
  }

  /** @returns how many records were encrypted again, and with which key */
  async rekey(actor: string): Promise<{ records: number; keyVersion: number }> {
    const { barrier, audit } = this.#parts;
    const records = await barrier.rekey((work) => audit.change({ actor, operation: "system/rekey" }, work));
    return { records, keyVersion: barrier.status().keyVersion ?? 0 };
  }

  /** @param options.unattended undefined: as it is
   * @returns the shares as text, where there are some */
  async changeProtection(options: {
    protection: Protection | undefined;
    unattended: boolean | undefined;
    actor: string;
  }): Promise<string[]> {
    const { barrier, audit } = this.#parts;
    const { protection, actor } = options;
    const unattended = options.unattended ?? barrier.status().unattended;
    const fileKey = unattended ? await this.#makeKeyFile() : undefined;
    const entry = {
      actor,
      operation: "system/change-protection",
      facts: { protection: nameOf(protection, unattended) },
    };
    if (protection !== undefined) {
      return barrier.changeProtection({ protection, fileKey }, (work) => audit.change(entry, work));
    }
    await barrier.changeFileKey(fileKey, (work) => audit.change(entry, work));
    return [];
  }

  /** As `seal`, when the service stops. */
  async close(): Promise<void> {
    const { barrier, mounts, policy } = this.#parts;
    this.#serving = false;
    await this.#opening?.catch(() => undefined);
    this.#serving = false;
    await mounts.closeAll();
    policy.forget();
    barrier.seal();
  }

  #open(): Promise<void> {
    if (this.#serving) return Promise.resolve();
    this.#opening ??= this.#openEngines().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openEngines(): Promise<void> {
    const { barrier, mounts, logger } = this.#parts;
    await mounts.openAll();
    this.#serving = true;
    logger.info({ keyVersion: barrier.status().keyVersion }, "unsealed");
    if (barrier.records.outdated() > 0) this.#finishRekey();
  }

  #finishRekey(): void {
    const { barrier, logger } = this.#parts;
    barrier.finishRekey().then(
      (records) => logger.info({ records }, "finished the change of key that was interrupted"),
      (error: unknown) => logger.error({ error }, "the change of key that was interrupted is not finished"),
    );
  }

  async #makeKeyFile(): Promise<Buffer> {
    const { keyFile } = this.#parts;
    if (keyFile === "") throw keyFileNotConfigured();
    return readOrMakeKeyFile(keyFile);
  }
}

function nameOf(protection: Protection | undefined, unattended: boolean): string {
  const names = unattended ? ["key file"] : [];
  if (protection !== undefined) names.unshift("passphrase" in protection ? "passphrase" : "shares");
  return names.join(" and ");
}
