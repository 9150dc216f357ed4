import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { RouteSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { parseRouteName } from "../arguments.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { messageJson, printJson } from "../output/json.ts";
import { describeRoute } from "../output/route.ts";

export function defineMaintenance(parent: Command, context: ControlContext, state: "on" | "off"): void {
  parent
    .command(state)
    .summary(state === "on" ? "answer with the maintenance page" : "send requests to the backend again")
    .description(
      state === "on"
        ? "Answers a route's requests with the maintenance page (status 503), also after the route is replaced."
        : "Sends a route's requests to its backend again.",
    )
    .argument("<hostname[:port]>", "the port is 443 unless said", parseRouteName)
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText("after", examples(`mcproxyctl maintenance ${state} hello.example.org`))
    .action(async (name, options) => {
      const route = await withClient(options.socket, (client, signal) =>
        client.setMaintenance(name, state === "on", signal),
      );
      if (route === undefined) return;
      if (options.output === "json") printJson(context.out, messageJson(RouteSchema, route));
      else context.say(describeRoute(route));
    });
}
