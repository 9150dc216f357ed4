import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { create } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { RemoveRouteResponseSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { parseRouteName } from "../arguments.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { messageJson, printJson } from "../output/json.ts";
import { describeRoute } from "../output/route.ts";

export function defineRouteRemove(parent: Command, context: ControlContext): void {
  parent
    .command("remove")
    .summary("remove a route")
    .description(
      "Removes a route; new connections to its host name are refused. One that is not there is success.",
    )
    .argument("<hostname[:port]>", "the port is 443 unless said", parseRouteName)
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText("after", examples("mcproxyctl route remove hello.example.org"))
    .action(async (name, options) => {
      const removed = await withClient(options.socket, (client, signal) => client.removeRoute(name, signal));
      const response = create(RemoveRouteResponseSchema, removed === undefined ? {} : { removed });
      if (options.output === "json") printJson(context.out, messageJson(RemoveRouteResponseSchema, response));
      else context.say(removed === undefined ? "there was none" : `removed ${describeRoute(removed)}`);
    });
}
