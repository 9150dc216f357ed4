import type { DesiredState } from "../../engine/desired-state.ts";
import type { Paths } from "../paths.ts";
import { section } from "./section.ts";
import { connectionRules, requestRules, tlsOptions } from "./served-http.ts";

/** Where the TLS of L7 routes is terminated at a port that has others: a socket in our directory that only the port's own
 * frontend reaches, so that the client's address in its PROXY header is true. It is there at all ports: after a reload the
 * process before may still have connections to hand on. */
export function termination(port: number, desired: DesiredState, paths: Paths): string {
  const socket = `unix@${paths.terminationSocketName(port)}`;
  return [
    section(`backend terminate-${port}`, ["mode tcp", `server tls ${socket} send-proxy-v2`]),
    section(`frontend tls-${port}`, [
      "mode http",
      `bind ${socket} mode 600 accept-proxy ${tlsOptions(paths)}`,
      ...connectionRules(port),
      ...requestRules(port, desired, paths),
    ]),
  ].join("\n");
}
