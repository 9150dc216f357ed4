import { homedir } from "node:os";
import type { Alert } from "./alert-rules.ts";

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The whole environment of the alert command: what it is told, and of the agent's own environment only where
 * programs and the home directory are. */
export function alertEnvironment(alert: Alert, node: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? defaultPath,
    HOME: homedir(),
    MCP_COMPONENT: alert.component,
    MCP_SERVICE: alert.service,
    MCP_NODE: node,
    MCP_DESIRED: alert.desired,
    MCP_OBSERVED: alert.observed,
    MCP_PREV_STATE: alert.previous,
    MCP_ALERT_TYPE: alert.type,
    ...(alert.type === "flapping" ? { MCP_TRANSITIONS: String(alert.transitions) } : {}),
  };
}
