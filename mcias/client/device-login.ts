import type { Tokens } from "@metacircular/mcdsl/auth/login-service.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { JsonResponse } from "@metacircular/mcdsl/http/json-client.ts";
import { PUBLIC_CLIENT_ID } from "./public-client.ts";
import { deviceLoginSchema, tokensIn } from "./answers.ts";
import type { Endpoints } from "./endpoints.ts";
import { errorIn, tokenRefusal, unavailable } from "./failures.ts";

/** A login that waits for a human's approval in a browser. */
export interface DeviceLogin {
  /** A secret between this program and the identity service. */
  readonly deviceCode: string;
  /** To be typed in by the human. */
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it, for a link or a QR code. */
  readonly verificationUriComplete: string;
  readonly expiresAtMs: number;
  readonly intervalMs: number;
}

interface Context {
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  readonly issuer: string;
  readonly signal: AbortSignal | undefined;
}

/** RFC 8628 section 3.5: added to the interval each time we are told to slow down. */
const SLOW_DOWN_MS = 5000;

export async function requestDeviceLogin(context: Context): Promise<DeviceLogin> {
  const { endpoints, clock, issuer, signal } = context;
  const askedAtMs = clock.now();
  const form = { client_id: PUBLIC_CLIENT_ID };
  const response = await endpoints.post("device_authorization_endpoint", form, signal);
  if (response.status !== 200) throw tokenRefusal(response, { issuer, subject: "", grantType: "device" });
  const parsed = deviceLoginSchema.safeParse(response.body);
  if (!parsed.success) throw unavailable(issuer, "its device login answer is not usable", parsed.error);
  const started = parsed.data;
  return {
    deviceCode: started.device_code,
    userCode: started.user_code,
    verificationUri: started.verification_uri,
    verificationUriComplete: started.verification_uri_complete ?? started.verification_uri,
    expiresAtMs: askedAtMs + started.expires_in * 1000,
    intervalMs: started.interval * 1000,
  };
}

export async function awaitApproval(context: Context & { login: DeviceLogin }): Promise<Tokens> {
  const { clock, login, issuer, signal } = context;
  let { intervalMs } = login;
  while (clock.now() < login.expiresAtMs) {
    await pause(clock, intervalMs, signal);
    const askedAtMs = clock.now();
    const response = await poll(context);
    // RFC 8628 section 3.5: on a connection that fails, ask less often.
    if (response === undefined) intervalMs *= 2;
    else if (response.status === 200) return tokensIn(response.body, askedAtMs, issuer);
    else if (errorIn(response.body) === "slow_down") intervalMs += SLOW_DOWN_MS;
    else if (errorIn(response.body) !== "authorization_pending") throw ended(response, issuer);
  }
  throw expired(issuer);
}

async function pause(clock: Clock, durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(durationMs, signal);
  } catch (cause) {
    const details = { code: "CANCELLED", category: "cancelled", attempted: "wait for approval" } as const;
    throw new DetailedError({ ...details, found: "the login was cancelled", cause });
  }
}

/** Undefined when the identity service can't be reached just now. */
async function poll(context: Context & { login: DeviceLogin }): Promise<JsonResponse | undefined> {
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    client_id: PUBLIC_CLIENT_ID,
    device_code: context.login.deviceCode,
  };
  try {
    return await context.endpoints.post("token_endpoint", form, context.signal);
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.category === "unavailable") return undefined;
    throw thrown;
  }
}

function ended(response: JsonResponse, issuer: string): DetailedError {
  switch (errorIn(response.body)) {
    case "access_denied":
      return failure("DEVICE_LOGIN_DENIED", issuer, "it was denied on the approval page");
    case "expired_token":
    case "invalid_grant":
      return expired(issuer);
    default:
      return tokenRefusal(response, { issuer, subject: "", grantType: "device" });
  }
}

function expired(issuer: string): DetailedError {
  return failure("DEVICE_LOGIN_EXPIRED", issuer, "it was not approved in time");
}

function failure(code: string, issuer: string, found: string): DetailedError {
  return new DetailedError({
    code,
    category: "unauthenticated",
    attempted: "log in by device at",
    subject: issuer,
    found,
    remedy: "start the login again",
  });
}
