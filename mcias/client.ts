import type { LoginService, Tokens } from "@metacircular/mcdsl/auth/login-service.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createHttpsAgent } from "@metacircular/mcdsl/http/json-client.ts";
import { PUBLIC_CLIENT_ID } from "./client/public-client.ts";
import { awaitApproval, type DeviceLogin, requestDeviceLogin } from "./client/device-login.ts";
import { createEndpoints, type Endpoints } from "./client/endpoints.ts";
import { tokenInactive, tokenRefusal, unavailable } from "./client/failures.ts";
import { tokensIn, whoAmISchema } from "./client/answers.ts";

export type { DeviceLogin } from "./client/device-login.ts";
export type { Tokens } from "@metacircular/mcdsl/auth/login-service.ts";

/** Whom a token stands for. */
export interface WhoAmI {
  readonly name: string;
  readonly kind: "human" | "system";
  readonly roles: readonly string[];
  readonly expiresAtMs: number;
}

/**
 * Talks to the identity service. Besides what each method names, all throw a DetailedError
 * `IDENTITY_UNAVAILABLE` when there is no usable answer, and `CANCELLED` when the signal is aborted.
 */
export interface IdentityClient extends LoginService, Disposable {
  /** A token for a system account; there is no refresh token. Throws `LOGIN_REFUSED`. */
  clientCredentials(request: {
    clientId: string;
    clientSecret: string;
    signal?: AbortSignal | undefined;
  }): Promise<Tokens>;
  /** RFC 8628: show `verificationUri` and `userCode` to the human, then call `pollDeviceLogin`. */
  startDeviceLogin(signal?: AbortSignal): Promise<DeviceLogin>;
  /** Waits until the human has decided. Throws `DEVICE_LOGIN_DENIED`, `DEVICE_LOGIN_EXPIRED`. */
  pollDeviceLogin(login: DeviceLogin, signal?: AbortSignal): Promise<Tokens>;
  /** Throws `TOKEN_INACTIVE`. */
  whoAmI(accessToken: string, signal?: AbortSignal): Promise<WhoAmI>;
}

export interface IdentityClientOptions {
  /** Origin of the identity service, exactly as in its tokens. */
  readonly issuer: string;
  /** PEM file of the authorities to trust for it; default: the well-known ones. */
  readonly caFile?: string | undefined;
  /** For each request. Default 10 s: a login may wait for others. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

export function createIdentityClient(options: IdentityClientOptions): IdentityClient {
  const { issuer, timeoutMs = 10_000, clock = systemClock } = options;
  const agent = createHttpsAgent({ caFile: options.caFile, maxSockets: 4 });
  const endpoints = createEndpoints({ issuer, agent, timeoutMs });
  const tokens = (form: Record<string, string>, signal: AbortSignal | undefined, subject: string) =>
    requestTokens({ endpoints, clock, issuer, form, signal, subject });
  return {
    login: ({ username, password, serviceName, onBehalfOf, signal }) => {
      const source =
        onBehalfOf === undefined
          ? {}
          : { client_address: withoutZone(onBehalfOf.address), actor_token: onBehalfOf.actorToken };
      const who = { username, password, service_name: serviceName };
      return tokens({ ...publicClient("password"), ...who, ...source }, signal, username);
    },
    clientCredentials: ({ clientId, clientSecret, signal }) =>
      tokens(
        { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret },
        signal,
        clientId,
      ),
    refresh: (refreshToken, signal) =>
      tokens({ ...publicClient("refresh_token"), refresh_token: refreshToken }, signal, ""),
    revoke: (token, signal) => revoke(endpoints, issuer, token, signal),
    startDeviceLogin: (signal) => requestDeviceLogin({ endpoints, clock, issuer, signal }),
    pollDeviceLogin: (login, signal) => awaitApproval({ endpoints, clock, issuer, login, signal }),
    whoAmI: (accessToken, signal) => whoAmI(endpoints, issuer, accessToken, signal),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** The zone of a link-local address (RFC 4007) means nothing on another machine. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/u, "");
}

function publicClient(grantType: string): Record<string, string> {
  return { grant_type: grantType, client_id: PUBLIC_CLIENT_ID };
}

async function requestTokens(request: {
  endpoints: Endpoints;
  clock: Clock;
  issuer: string;
  form: Record<string, string>;
  signal: AbortSignal | undefined;
  subject: string;
}): Promise<Tokens> {
  const { endpoints, clock, issuer, form, signal, subject } = request;
  const askedAtMs = clock.now();
  const response = await endpoints.post("token_endpoint", form, signal);
  if (response.status === 200) return tokensIn(response.body, askedAtMs, issuer);
  throw tokenRefusal(response, { issuer, subject, grantType: form["grant_type"] ?? "" });
}

/** An access token authorises its own revocation; a refresh token belongs to the public client. */
async function revoke(
  endpoints: Endpoints,
  issuer: string,
  token: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isAccessToken = token.includes(".");
  const form: Record<string, string> = isAccessToken ? { token } : { token, client_id: PUBLIC_CLIENT_ID };
  const bearer = isAccessToken ? token : undefined;
  const { status } = await endpoints.post("revocation_endpoint", form, signal, bearer);
  const deadAlready = isAccessToken && status === 401;
  if (status !== 200 && !deadAlready) throw unavailable(issuer, `it answered ${status} to a revocation`);
}

async function whoAmI(
  endpoints: Endpoints,
  issuer: string,
  accessToken: string,
  signal: AbortSignal | undefined,
): Promise<WhoAmI> {
  const { status, body } = await endpoints.get("userinfo_endpoint", accessToken, signal);
  if (status === 401) throw tokenInactive(issuer);
  const parsed = status === 200 ? whoAmISchema.safeParse(body) : undefined;
  if (parsed?.success !== true) throw unavailable(issuer, `it answered ${status} to the question who I am`);
  const { username: name, account_type: kind, roles, exp } = parsed.data;
  return { name, kind, roles, expiresAtMs: exp * 1000 };
}
