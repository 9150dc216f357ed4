import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import * as wire from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { FirewallRuleRequest } from "../routes/firewall-rule.ts";
import { backendProtocols, type RouteKey, routeModes, type RouteRequest } from "../routes/route.ts";
import { wireModes, wireProtocols } from "./encode.ts";

const defaultDrainMs = 10_000;
const maxDrainMs = 600_000;

/** What is not set becomes what its field's rules refuse. */
export function decodeRoute(message: wire.Route = create(wire.RouteSchema)): RouteRequest {
  const { port, hostname, backend, sendProxyProtocol, owner, maintenance, rateLimit } = message;
  return {
    port,
    hostname,
    backend,
    sendProxyProtocol,
    owner,
    maintenance,
    rateLimit,
    mode: routeModes.find((mode) => wireModes[mode] === message.mode),
    backendProtocol: backendProtocols.find((protocol) => wireProtocols[protocol] === message.backendProtocol),
    maxBodyBytes: Number(message.maxBodyBytes),
  };
}

export function decodeRouteKey(message: wire.RouteKey | undefined): RouteKey {
  return { port: message?.port ?? 0, hostname: message?.hostname ?? "" };
}

export function decodeFirewallRule(message: wire.FirewallRule | undefined): FirewallRuleRequest {
  const { id = "", port = 0, comment = "" } = message ?? {};
  return { id, port, comment, action: decodeAction(message?.action), source: decodeSource(message?.source) };
}

/** @throws DetailedError DRAIN_TIMEOUT_INVALID */
export function decodeDrainTimeout(timeout: wire.DrainBackendRequest["timeout"]): number {
  if (timeout === undefined) return defaultDrainMs;
  const timeoutMs = durationMs(timeout);
  if (timeoutMs >= 0 && timeoutMs <= maxDrainMs) return timeoutMs;
  throw new DetailedError({
    code: "DRAIN_TIMEOUT_INVALID",
    category: "invalid-argument",
    attempted: "drain backend",
    found: `the timeout is ${timeoutMs} ms`,
    remedy: `wait from 0 to ${maxDrainMs / 60_000} minutes`,
  });
}

function decodeAction(action: wire.FirewallRule["action"] | undefined): FirewallRuleRequest["action"] {
  if (action === wire.FirewallAction.DENY) return "deny";
  return action === wire.FirewallAction.ALLOW ? "allow" : undefined;
}

function decodeSource(source: wire.FirewallRule["source"] | undefined): FirewallRuleRequest["source"] {
  if (source?.case === "cidr") return { cidr: source.value };
  return source?.case === "country" ? { country: source.value } : undefined;
}
