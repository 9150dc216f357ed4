import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from "oidc-provider";
import type { TokenStore } from "../tokens/token-store.ts";
import type { ClientDirectory } from "./clients.ts";
import type { RecordStore } from "./record-store.ts";

export interface AdapterParts {
  readonly records: RecordStore;
  readonly tokens: TokenStore;
  readonly clients: ClientDirectory;
  readonly clock: Pick<Clock, "now">;
}

/** Kept for models that the library gives no lifetime. */
const DEFAULT_LIFETIME_SECONDS = 86_400;

/** The library's storage: its records in SQLite, its clients from our accounts. */
export function createAdapterFactory(parts: AdapterParts): AdapterFactory {
  return (model) => (model === "Client" ? clientAdapter(parts.clients) : recordAdapter(model, parts));
}

function recordAdapter(model: string, { records, tokens, clock }: AdapterParts): Adapter {
  return {
    async upsert(id, payload, expiresInSeconds = DEFAULT_LIFETIME_SECONDS) {
      records.put(model, id, payload, clock.now() + expiresInSeconds * 1000);
    },
    async find(id) {
      return records.find(model, id);
    },
    async findByUserCode(userCode) {
      return records.findByUserCode(model, userCode);
    },
    async findByUid(uid) {
      return records.findByUid(model, uid);
    },
    async consume(id) {
      if (records.consume(model, id, clock.now())) return;
      // Two requests used it at the same time: as with any second use, the login ends.
      const grantId = records.find(model, id)?.grantId;
      if (grantId !== undefined) {
        records.revokeGrant(grantId);
        tokens.revokeGrant(grantId, clock.now());
      }
      throw new errors.InvalidGrant("already used");
    },
    async destroy(id) {
      records.destroy(model, id);
    },
    async revokeByGrantId(grantId) {
      // Access tokens are JWTs, so the library has stored none: ours is the only list of them.
      if (model === "AccessToken") tokens.revokeGrant(grantId, clock.now());
      else records.destroyByGrant(model, grantId);
    },
  };
}

/** Read-only: clients are accounts, and those are made by the command line. */
function clientAdapter(clients: ClientDirectory): Adapter {
  const readOnly = async (): Promise<never> => {
    throw new Error("clients are managed as accounts");
  };
  const nothing = async (): Promise<undefined> => undefined;
  return {
    find: async (id): Promise<AdapterPayload | undefined> => clients.find(id),
    findByUserCode: nothing,
    findByUid: nothing,
    upsert: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: readOnly,
  };
}
