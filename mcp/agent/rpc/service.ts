import type { ConnectRouter } from "@connectrpc/connect";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { adoptMethods } from "./adopt.ts";
import { alertMethods } from "./alerts.ts";
import { deployMethods } from "./deploy.ts";
import { diagnoseMethods } from "./diagnose.ts";
import { filesMethods } from "./files.ts";
import { historyMethods } from "./history.ts";
import { imageMethods } from "./images.ts";
import { lifecycleMethods } from "./lifecycle.ts";
import { logsMethods } from "./logs.ts";
import { nodeStatusMethods } from "./node-status.ts";
import { purgeMethods } from "./purge.ts";
import { reconcileMethods } from "./reconcile.ts";
import type { RpcContext } from "./rpc-context.ts";
import { statusMethods } from "./status.ts";
import { syncMethods } from "./sync.ts";
import { watchEventsMethods } from "./watch-events.ts";

/** For files: to compress them takes five times as long as to send them, and large ones rarely get smaller. Options
 * of one method replace those that say which protocols are served, so that they are here again. */
const uncompressed = { compressMinBytes: 0xff_ff_ff_ff, grpcWeb: false, connect: false };

/** Serves `mcp.v1.McpAgent`. */
export function agentRoutes(rpc: RpcContext): (router: ConnectRouter) => void {
  const files = filesMethods(rpc);
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
      ...files,
      ...imageMethods(rpc),
      ...diagnoseMethods(rpc),
    });
    // Takes the place of the one above.
    router.rpc(McpAgent.method.downloadFile, files.downloadFile, uncompressed);
  };
}
