import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { RouteInfoSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { messageJson, printJson } from "../output/json.ts";
import { routeTable } from "../output/route.ts";

export function defineRouteList(parent: Command, context: ControlContext): void {
  parent
    .command("list")
    .summary("list the routes")
    .description("Lists all routes by host name and port, with what is connected now.")
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText("after", examples("mcproxyctl route list", "mcproxyctl route list -o json"))
    .action(async (options) => {
      const routes = await withClient(options.socket, (client, signal) => client.listRoutes(signal));
      if (options.output === "json")
        printJson(
          context.out,
          routes.map((route) => messageJson(RouteInfoSchema, route)),
        );
      else for (const line of routeTable(routes)) context.out(line);
    });
}
