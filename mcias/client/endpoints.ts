import type { Agent } from "node:https";
import { hostname } from "node:os";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type JsonRequest, type JsonResponse, requestJson } from "@metacircular/mcdsl/http/json-client.ts";
import { z } from "zod";
import { unavailable } from "./failures.ts";

const httpsUrl = z.url({ protocol: /^https$/ });

/** OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2. */
const metadataSchema = z.object({
  issuer: z.string(),
  token_endpoint: httpsUrl,
  revocation_endpoint: httpsUrl,
  device_authorization_endpoint: httpsUrl,
  userinfo_endpoint: httpsUrl,
});

/** The page that approves a device login shows it: on which machine was this login started? */
const introduction = { "user-agent": `mcp on ${hostname().replaceAll(/[^\w.-]/g, "?")}` };

type EndpointName = Exclude<keyof z.output<typeof metadataSchema>, "issuer">;

/** Requests by the names that discovery gives the endpoints. Any answer with a status is an answer. */
export interface Endpoints {
  post(
    endpoint: EndpointName,
    form: Record<string, string>,
    signal: AbortSignal | undefined,
    bearerToken?: string,
  ): Promise<JsonResponse>;
  get(endpoint: EndpointName, bearerToken: string, signal: AbortSignal | undefined): Promise<JsonResponse>;
}

export function createEndpoints(options: { issuer: string; agent: Agent; timeoutMs: number }): Endpoints {
  const { issuer, agent, timeoutMs } = options;
  let known: z.output<typeof metadataSchema> | undefined;

  const send = async (request: JsonRequest, signal: AbortSignal | undefined): Promise<JsonResponse> => {
    try {
      return await requestJson({ ...request, agent, timeoutMs, signal });
    } catch (cause) {
      if (cause instanceof DetailedError && cause.category === "cancelled") throw cause;
      throw unavailable(issuer, cause instanceof DetailedError ? cause.found : "the request failed", cause);
    }
  };

  const urlOf = async (endpoint: EndpointName, signal: AbortSignal | undefined): Promise<string> => {
    if (known === undefined) {
      const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      known = readMetadata(await send({ url }, signal), issuer);
    }
    return known[endpoint];
  };

  return {
    async post(endpoint, form, signal, bearerToken) {
      const headers = { ...introduction, ...(bearerToken === undefined ? {} : bearer(bearerToken)) };
      return send({ url: await urlOf(endpoint, signal), form, headers }, signal);
    },
    async get(endpoint, bearerToken, signal) {
      const headers = { ...introduction, ...bearer(bearerToken) };
      return send({ url: await urlOf(endpoint, signal), headers }, signal);
    },
  };
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function readMetadata(response: JsonResponse, issuer: string): z.output<typeof metadataSchema> {
  const parsed = response.status === 200 ? metadataSchema.safeParse(response.body) : undefined;
  if (parsed === undefined) throw unavailable(issuer, `it answered ${response.status} to discovery`);
  if (!parsed.success) throw unavailable(issuer, "its discovery answer is not usable", parsed.error);
  if (parsed.data.issuer === issuer) return parsed.data;
  throw unavailable(issuer, `it says that its issuer is ${parsed.data.issuer}`);
}
