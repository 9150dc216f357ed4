import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type AcmeAccount as AccountMessage,
  AcmeAccountSchema,
  type AcmeBinding as BindingMessage,
  AcmeBindingSchema,
  type AcmeOrder as OrderMessage,
  AcmeOrderSchema,
  type AcmeSettings as SettingsMessage,
  AcmeSettingsSchema,
} from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import type { AcmeAccount } from "../account.ts";
import type { Authorization } from "../authorization.ts";
import type { Binding } from "../binding.ts";
import { type AcmeOrder, orderError, orderStatus } from "../order.ts";
import type { AcmeSettings } from "../settings.ts";

/** Without the HMAC key. */
export function bindingMessage(binding: Binding): BindingMessage {
  const { keyId, subject: account, kind, note, createdBy, accounts } = binding;
  return create(AcmeBindingSchema, {
    keyId,
    account,
    kind,
    note,
    createdBy,
    accounts,
    created: timestampFromMs(binding.createdAtMs),
    ...(binding.lastUsedAtMs === undefined ? {} : { lastUsed: timestampFromMs(binding.lastUsedAtMs) }),
    ...(binding.revokedAtMs === undefined ? {} : { revoked: timestampFromMs(binding.revokedAtMs) }),
  });
}

export function accountMessage(account: AcmeAccount): AccountMessage {
  const { id, status, contact, thumbprint, binding } = account;
  return create(AcmeAccountSchema, {
    id,
    status,
    contact: [...contact],
    thumbprint,
    account: binding?.subject ?? "",
    bindingKeyId: binding?.keyId ?? "",
    created: timestampFromMs(account.createdAtMs),
  });
}

export function orderMessage(
  order: AcmeOrder,
  authorizations: readonly Authorization[],
  nowMs: number,
): OrderMessage {
  return create(AcmeOrderSchema, {
    id: order.id,
    accountId: order.accountId,
    status: orderStatus(order, authorizations, nowMs),
    identifiers: order.identifiers.map(({ value }) => value),
    error: orderError(order, authorizations, nowMs)?.detail ?? "",
    serialNumber: order.serialNumber ?? "",
    created: timestampFromMs(order.createdAtMs),
    expires: timestampFromMs(order.expiresAtMs),
  });
}

export function settingsMessage(settings: AcmeSettings, directoryUrl: string): SettingsMessage {
  return create(AcmeSettingsSchema, { ...settings, directoryUrl });
}

/** The settings with what the message gives in place of what was there; what it leaves out stays. */
export function changedSettings(current: AcmeSettings, message: SettingsMessage): unknown {
  const { $typeName: _, directoryUrl: __, challengeTypes, $unknown: ___, ...given } = message;
  return {
    ...current,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(challengeTypes.length === 0 ? {} : { challengeTypes }),
  };
}
