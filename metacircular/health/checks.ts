import {
  agentAddress,
  identityUrl,
  metacryptUrl,
  nameServerUrl,
  type Platform,
  registryUrl,
} from "../platform.ts";
import type { ProgramName } from "../supervisor/programs.ts";
import { checkAgent } from "./agent.ts";
import { checkHttp } from "./http.ts";
import { checkProxy } from "./proxy.ts";

/** How to find out whether a program works. */
export interface HealthCheck {
  /** Where it is reached. */
  readonly address: string;
  /** Resolves when it works. */
  check(): Promise<void>;
}

/** One for each program. */
export function healthChecks(platform: Platform): Readonly<Record<ProgramName, HealthCheck>> {
  const { layout, settings } = platform;
  const http = (address: string): HealthCheck => ({
    address,
    check: () => checkHttp(address, layout.authorityCertificate),
  });
  return {
    mcias: http(identityUrl(settings)),
    metacrypt: http(metacryptUrl(settings)),
    mcns: http(nameServerUrl(settings)),
    mcr: http(registryUrl(settings)),
    "mc-proxy": { address: layout.proxy.socket, check: () => checkProxy(layout.proxy.socket) },
    "mcp-agent": { address: agentAddress(settings), check: () => checkAgent(platform) },
  };
}
