import type { ServiceImpl } from "@connectrpc/connect";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { encodeDrift, encodeEvent, encodePendingEffects, encodeServices } from "./encode-service.ts";
import { requireService } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "listServices" | "getServiceStatus" | "liveCheck">;

/** How many recorded state changes a status shows. */
const recentEvents = 20;

export function statusMethods(rpc: RpcContext): Methods {
  const { registry, observer, node } = rpc;
  return {
    listServices: () => ({ services: encodeServices(rpc) }),

    async liveCheck(_, { signal }) {
      await observer.observe({ from: "runtime" }, signal);
      return { services: encodeServices(rpc) };
    },

    /** While the runtime does not answer, it shows what was observed last, and when. */
    async getServiceStatus({ name }, { signal }) {
      if (name !== "" && registry.services.isActive(name) === undefined) requireService(registry, name);
      await observer.observe({ from: "runtime" }, signal).catch(() => signal.throwIfAborted());
      const components = name === "" ? registry.components.all() : registry.components.ofService(name);
      const events = registry.events.recent({ service: name, sinceMs: 0, limit: recentEvents });
      const services = encodeServices(rpc, name);
      const registered = name === "" ? undefined : registry.service(name);
      const spec =
        registered &&
        specToMessage({ ...registered, node, components: registered.components.map((entry) => entry.spec) });
      return {
        services: spec === undefined ? services : services.map((service) => ({ ...service, spec })),
        drift: encodeDrift(components),
        recentEvents: events.map(encodeEvent),
        pending: encodePendingEffects(name === "" ? registry.edge.all() : registry.edge.ofService(name)),
      };
    },
  };
}
