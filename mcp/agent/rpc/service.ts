import type { ConnectRouter } from "@connectrpc/connect";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { adoptMethods } from "./adopt.ts";
import { alertMethods } from "./alerts.ts";
import { deployMethods } from "./deploy.ts";
import { diagnoseMethods } from "./diagnose.ts";
import { filesMethods } from "./files.ts";
import { historyMethods } from "./history.ts";
import { lifecycleMethods } from "./lifecycle.ts";
import { logsMethods } from "./logs.ts";
import { nodeStatusMethods } from "./node-status.ts";
import { purgeMethods } from "./purge.ts";
import { reconcileMethods } from "./reconcile.ts";
import type { RpcContext } from "./rpc-context.ts";
import { statusMethods } from "./status.ts";
import { syncMethods } from "./sync.ts";
import { watchEventsMethods } from "./watch-events.ts";

/** Serves `mcp.v1.McpAgent`. */
export function agentRoutes(rpc: RpcContext): (router: ConnectRouter) => void {
  return (router) => {
    router.service(McpAgent, {
      ...deployMethods(rpc),
      ...lifecycleMethods(rpc),
      ...reconcileMethods(rpc),
      ...historyMethods(rpc),
      ...syncMethods(rpc),
      ...purgeMethods(rpc),
      ...adoptMethods(rpc),
      ...statusMethods(rpc),
      ...logsMethods(rpc),
      ...watchEventsMethods(rpc),
      ...alertMethods(rpc),
      ...nodeStatusMethods(rpc),
      ...filesMethods(rpc),
      ...diagnoseMethods(rpc),
    });
  };
}
