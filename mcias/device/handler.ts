import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { FormGuard } from "@metacircular/mcdsl/web/form-guard.ts";
import type Provider from "oidc-provider";
import type { Account } from "../accounts/account.ts";
import type { AnonymousRefusals } from "../audit/anonymous-refusals.ts";
import type { AuditStore } from "../audit/audit-store.ts";
import { addressOf } from "../http/address.ts";
import { readForm } from "../http/form-body.ts";
import { sendHtml } from "../http/respond.ts";
import type { Handler } from "../http/router.ts";
import type { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { PasswordLogin } from "../login/password-login.ts";
import type { CurrentProvider } from "../provider/current-provider.ts";
import { refusalOf } from "../provider/login-error.ts";
import { createGrant } from "../provider/logins.ts";
import { AUDIENCE, SCOPE } from "../tokens/claims.ts";
import { approvalPage, codePage, DEVICE_PAGE_POLICY, donePage, type PendingLogin } from "./page.ts";

export interface DevicePageParts {
  readonly currentProvider: () => Promise<CurrentProvider>;
  readonly login: PasswordLogin;
  readonly guard: FormGuard;
  readonly addresses: AddressLimit;
  readonly refusals: AnonymousRefusals;
  readonly audit: AuditStore;
  readonly clock: Pick<Clock, "now">;
}

type DeviceCode = InstanceType<Provider["DeviceCode"]>;

const UNKNOWN_CODE = "This code is unknown, used already, or expired. Start again in your terminal.";

/** The page where a human approves the login of a program (RFC 8628 section 3.3). Needs no script. */
export function devicePageHandlers(parts: DevicePageParts): { show: Handler; submit: Handler } {
  return {
    async show(request, response) {
      const query = new URL(request.url ?? "", "https://localhost").searchParams;
      const userCode = query.get("user_code");
      if (userCode === null) return send(response, 200, codePage());
      const { provider } = await parts.currentProvider();
      const code = await findPending(parts, provider, request, userCode);
      if (code === undefined) return send(response, 400, codePage(UNKNOWN_CODE));
      await sendApproval(parts, provider, request, response, { code, status: 200 });
    },

    async submit(request, response) {
      const form = await readForm(request);
      const { provider } = await parts.currentProvider();
      const code = await findPending(parts, provider, request, form.get("user_code") ?? "");
      if (code === undefined) return send(response, 400, codePage(UNKNOWN_CODE));
      if (!parts.guard.accepts(request, code.userCode, form.get("form_token") ?? "")) {
        const problem = "This form was too old. Nothing has been approved; please try again.";
        return sendApproval(parts, provider, request, response, { code, status: 403, problem });
      }
      if (form.get("decision") !== "approve") return deny(parts, request, response, code);
      const username = form.get("username") ?? "";
      const outcome = await parts.login.attempt({
        event: "device-login",
        username,
        password: form.get("password") ?? "",
        address: addressOf(request),
        clientId: code.clientId ?? "",
      });
      if (outcome.kind === "ok") {
        await approve(provider, code, outcome.account, parts.clock.now());
        return send(response, 200, donePage(true));
      }
      const refusal = refusalOf(outcome);
      const problem = `${refusal.description.charAt(0).toUpperCase()}${refusal.description.slice(1)}.`;
      await sendApproval(parts, provider, request, response, {
        code,
        status: refusal.status,
        username,
        problem,
      });
    },
  };
}

/** A wrong code counts as a failed attempt of the address: codes are short enough to guess. */
async function findPending(
  parts: DevicePageParts,
  provider: Provider,
  request: IncomingMessage,
  userCode: string,
): Promise<DeviceCode | undefined> {
  const address = addressOf(request);
  if (parts.addresses.blockedForMs(address) > 0) return undefined;
  const code = await provider.DeviceCode.findByUserCode(normalised(userCode));
  if (code !== undefined && code.accountId === undefined && code.error === undefined) return code;
  parts.refusals.record({ event: "device-login", detail: "unknown or used code" }, address);
  return undefined;
}

async function approve(provider: Provider, code: DeviceCode, account: Account, nowMs: number): Promise<void> {
  const requested = textOf(code.params?.["scope"])?.split(" ") ?? [];
  const scopes = new Set(requested);
  code.accountId = account.name;
  code.grantId = await createGrant(provider, account, scopes);
  code.scope = scopes.has("openid") ? `openid ${SCOPE}` : SCOPE;
  code.resource = AUDIENCE;
  code.authTime = Math.floor(nowMs / 1000);
  await code.save();
}

async function deny(
  parts: DevicePageParts,
  request: IncomingMessage,
  response: ServerResponse,
  code: DeviceCode,
): Promise<void> {
  code.error = "access_denied";
  code.errorDescription = "the login was denied";
  await code.save();
  parts.audit.record({
    event: "device-login",
    outcome: "denied",
    clientId: code.clientId,
    address: addressOf(request),
    detail: "denied on the approval page",
  });
  send(response, 200, donePage(false));
}

async function sendApproval(
  parts: DevicePageParts,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  shown: { code: DeviceCode; status: number; username?: string; problem?: string },
): Promise<void> {
  const { mark, setCookie } = parts.guard.markOf(request);
  if (setCookie !== undefined) response.setHeader("set-cookie", setCookie);
  const formToken = parts.guard.tokenFor(mark, shown.code.userCode);
  const pending = await describe(provider, shown.code);
  send(response, shown.status, approvalPage(pending, formToken, shown.username, shown.problem));
}

async function describe(provider: Provider, code: DeviceCode): Promise<PendingLogin> {
  const client = await provider.Client.find(code.clientId ?? "");
  return {
    userCode: `${code.userCode.slice(0, 4)}-${code.userCode.slice(4)}`,
    clientName: client?.clientName ?? code.clientId ?? "unknown",
    address: textOf(code.deviceInfo?.["address"]) ?? "unknown",
    userAgent: textOf(code.deviceInfo?.["userAgent"]) ?? "",
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** People type codes in lower case and without the hyphen (RFC 8628 section 6.1). */
function normalised(userCode: string): string {
  return userCode
    .slice(0, 40)
    .toUpperCase()
    .replaceAll(/[^A-Z]/g, "");
}

function send(response: ServerResponse, status: number, html: string): void {
  response.setHeader("content-security-policy", DEVICE_PAGE_POLICY);
  sendHtml(response, status, html);
}
