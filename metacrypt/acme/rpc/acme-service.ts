import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { randomBytes } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import {
  type AcmeService,
  CreateAcmeBindingResponseSchema,
  ListAcmeAccountsResponseSchema,
  ListAcmeBindingsResponseSchema,
  ListAcmeOrdersResponseSchema,
  RevokeAcmeBindingResponseSchema,
} from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import type { AuditLog } from "../../audit/audit-log.ts";
import { deactivateAccount } from "../administration.ts";
import { type BindingParts, createBinding, revokeBinding, visibleBindings } from "../bindings.ts";
import type { AcmeMounts } from "../ports.ts";
import { acmeSettingsSchema } from "../settings.ts";
import { type AcmeStore, createAcmeStore } from "../store/acme-store.ts";
import { acmeUrls } from "../urls.ts";
import {
  accountMessage,
  bindingMessage,
  changedSettings,
  orderMessage,
  settingsMessage,
} from "./messages.ts";

export interface AcmeServiceParts {
  readonly mounts: AcmeMounts;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Origin under which clients reach the server. */
  readonly externalUrl: string;
}

const pageSizeMaximum = 1_000;

export function createAcmeService(parts: AcmeServiceParts): ServiceImpl<typeof AcmeService> {
  const { audit, clock } = parts;
  const directoryUrl = (mount: string): string => acmeUrls(parts.externalUrl, mount).directory;

  function storeOf(name: string): AcmeStore {
    const mount = parts.mounts.find(name);
    if (mount !== undefined) return createAcmeStore(mount.records);
    throw new DetailedError({
      code: "MOUNT_NOT_FOUND",
      category: "not-found",
      attempted: "find the CA mount",
      subject: name.slice(0, 63),
      found: "there is no CA mount of this name",
      remedy: "`metacrypt mount list` shows them",
    });
  }

  function bindingParts(mount: string): BindingParts {
    const random = (byteCount: number): string => randomBytes(byteCount).toString("base64url");
    return { mount, store: storeOf(mount), audit, clock, random };
  }

  return {
    getAcmeSettings: ({ mount }) => settingsMessage(storeOf(mount).settings(), directoryUrl(mount)),

    updateAcmeSettings({ mount, settings }, context) {
      const store = storeOf(mount);
      if (settings === undefined) throw invalidSettings(["nothing to change is given"]);
      const parsed = acmeSettingsSchema.safeParse(changedSettings(store.settings(), settings));
      if (!parsed.success) {
        throw invalidSettings(
          parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
        );
      }
      audit.change(
        { actor: callerOf(context).name, operation: "acme/update-settings", mount, subject: mount },
        () => store.saveSettings(parsed.data),
      );
      return settingsMessage(parsed.data, directoryUrl(mount));
    },

    createAcmeBinding({ mount, account, kind, note }, context) {
      const binding = createBinding(bindingParts(mount), { account, kind, note }, callerOf(context));
      return create(CreateAcmeBindingResponseSchema, {
        binding: bindingMessage(binding),
        hmacKey: binding.hmacKey,
        directoryUrl: directoryUrl(mount),
      });
    },

    listAcmeBindings({ mount }, context) {
      const bindings = visibleBindings(storeOf(mount), callerOf(context)).map(bindingMessage);
      return create(ListAcmeBindingsResponseSchema, { bindings });
    },

    revokeAcmeBinding({ mount, keyId }, context) {
      const { binding, revokedAccounts } = revokeBinding(bindingParts(mount), keyId, callerOf(context));
      return create(RevokeAcmeBindingResponseSchema, { binding: bindingMessage(binding), revokedAccounts });
    },

    listAcmeAccounts({ mount, limit, pageToken }) {
      const store = storeOf(mount);
      const page = pageOf(limit, pageToken);
      const ids = store.accounts.ids(page);
      const accounts = ids.flatMap((id) => store.accounts.get(id) ?? []).map(accountMessage);
      return create(ListAcmeAccountsResponseSchema, { accounts, nextPageToken: nextToken(ids, page.limit) });
    },

    deactivateAcmeAccount: ({ mount, id }, context) =>
      accountMessage(deactivateAccount({ mount, store: storeOf(mount), audit }, id, callerOf(context))),

    listAcmeOrders({ mount, accountId, limit, pageToken }) {
      const store = storeOf(mount);
      const page = pageOf(limit, pageToken);
      const entries =
        accountId === ""
          ? store.orders.ids(page).map((id) => ({ entry: id, orderId: id }))
          : store.orderEntries(idPart(accountId), page);
      const orders = entries
        .flatMap(({ orderId }) => store.orders.get(orderId) ?? [])
        .map((order) => {
          const authorizations = order.authorizationIds.flatMap((id) => store.authorizations.get(id) ?? []);
          return orderMessage(order, authorizations, clock.now());
        });
      const tokens = entries.map(({ entry }) => entry);
      return create(ListAcmeOrdersResponseSchema, { orders, nextPageToken: nextToken(tokens, page.limit) });
    },
  };
}

function pageOf(limit: number, token: string): { readonly limit: number; readonly after?: string } {
  const size = limit === 0 ? pageSizeMaximum : Math.min(limit, pageSizeMaximum);
  return { limit: size, ...(token === "" ? {} : { after: idPart(token) }) };
}

function nextToken(ids: readonly string[], limit: number): string {
  return ids.length < limit ? "" : (ids.at(-1) ?? "");
}

/** What is put into a path must not lead out of it. */
function idPart(text: string): string {
  if (/^[a-z0-9.]{1,100}$/.test(text)) return text;
  throw new DetailedError({
    code: "ACME_PAGE_INVALID",
    category: "invalid-argument",
    attempted: "list",
    found: "an id or page token that none is like",
    remedy: "take it from an answer before",
  });
}

function invalidSettings(problems: readonly string[]): DetailedError {
  return new DetailedError({
    code: "ACME_SETTINGS_INVALID",
    category: "invalid-argument",
    attempted: "change the ACME settings",
    found: problems.join("; "),
    remedy: "docs/acme.md lists the settings",
  });
}
