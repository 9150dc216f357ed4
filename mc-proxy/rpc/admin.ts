import type { ConnectRouter } from "@connectrpc/connect";
import { ProxyAdmin } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import type { Control } from "../control/control.ts";
import type { FirewallControl } from "../control/firewall-control.ts";
import type { RoutesControl } from "../control/routes-control.ts";
import { decodeDrainTimeout, decodeFirewallRule, decodeRoute, decodeRouteKey } from "./decode.ts";
import { encodeFirewallRule, encodeRoute, encodeRouteStatus, encodeStatus } from "./encode.ts";

/** The admin API. */
export function adminRoutes(parts: {
  control: Control;
  routes: RoutesControl;
  firewall: FirewallControl;
}): (router: ConnectRouter) => void {
  const { control, routes, firewall } = parts;
  return (router) =>
    router.service(ProxyAdmin, {
      async addRoute({ route }) {
        const replaced = await routes.add(decodeRoute(route));
        return replaced === undefined ? {} : { replaced: encodeRoute(replaced) };
      },
      async removeRoute({ key }) {
        const removed = await routes.remove(decodeRouteKey(key));
        return removed === undefined ? {} : { removed: encodeRoute(removed) };
      },
      async listRoutes() {
        return { routes: (await control.listRoutes()).map(encodeRouteStatus) };
      },
      async getStatus() {
        return encodeStatus(await control.status());
      },
      async reloadCertificates() {
        const { certificates, problems } = await control.reloadCertificates();
        return { certificates, problems: [...problems] };
      },
      async drainBackend({ backend, timeout }, { signal }) {
        return { connections: await control.drain(backend, decodeDrainTimeout(timeout), signal) };
      },
      async setMaintenance({ key, maintenance }) {
        return { route: encodeRoute(await routes.setMaintenance(decodeRouteKey(key), maintenance)) };
      },
      async addFirewallRule({ rule }) {
        return { rule: encodeFirewallRule(await firewall.add(decodeFirewallRule(rule))) };
      },
      async removeFirewallRule({ id }) {
        const removed = await firewall.remove(id);
        return removed === undefined ? {} : { removed: encodeFirewallRule(removed) };
      },
      listFirewallRules: () => ({ rules: firewall.list().map(encodeFirewallRule) }),
    });
}
