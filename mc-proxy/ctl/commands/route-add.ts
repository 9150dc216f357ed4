import { type Command, Option } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import {
  AddRouteResponseSchema,
  BackendProtocol,
  RouteMode,
} from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { create } from "@bufbuild/protobuf";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { parseCount, parseRouteName } from "../arguments.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { messageJson, printJson } from "../output/json.ts";
import { describeRoute } from "../output/route.ts";

const modes = { l4: RouteMode.L4, l7: RouteMode.L7 } as const;
const protocols = {
  http1: BackendProtocol.UNSPECIFIED,
  h2c: BackendProtocol.H2C,
  tls: BackendProtocol.TLS,
} as const;

export function defineRouteAdd(parent: Command, context: ControlContext): void {
  parent
    .command("add")
    .summary("add a route, or replace it")
    .description(
      "Sends what arrives for a host name at a public port (443 unless said) to a backend. When it returns, new\n" +
        "requests go there.",
    )
    .argument("<hostname[:port]>", 'e.g. "hello.example.org", or "*.example.org:8443"', parseRouteName)
    .argument("<backend>", 'address and port, e.g. "127.0.0.1:8080"')
    .addOption(
      new Option("-m, --mode <mode>", "l7: terminate TLS; l4: pass it through")
        .choices(["l4", "l7"] as const)
        .default("l7" as const),
    )
    .addOption(
      new Option("--backend-protocol <protocol>", "what an l7 route speaks to its backend")
        .choices(["http1", "h2c", "tls"] as const)
        .default("http1" as const),
    )
    .option("--proxy-protocol", "tell an l4 backend the client's address by PROXY protocol, version 2")
    .option("--owner <text>", "who manages it", "")
    .option("--max-body <bytes>", "largest request body; 0: the configured default", parseCount, 0)
    .option(
      "--rate-limit <number>",
      "requests or connections per second and client; 0: no limit",
      parseCount,
      0,
    )
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText(
      "after",
      examples(
        "mcproxyctl route add hello.example.org 127.0.0.1:8080",
        "mcproxyctl route add grpc.example.org:9443 127.0.0.1:9000 --backend-protocol h2c",
        "mcproxyctl route add vault.example.org 10.0.0.5:8443 --mode l4 --proxy-protocol",
      ),
    )
    .action(async (name, backend, options) => {
      const route = {
        ...name,
        backend,
        mode: modes[options.mode],
        backendProtocol: protocols[options.backendProtocol],
        sendProxyProtocol: options.proxyProtocol === true,
        owner: options.owner,
        maxBodyBytes: BigInt(options.maxBody),
        rateLimit: options.rateLimit,
      };
      const replaced = await withClient(options.socket, (client, signal) => client.addRoute(route, signal));
      const response = create(AddRouteResponseSchema, replaced === undefined ? {} : { replaced });
      if (options.output === "json") printJson(context.out, messageJson(AddRouteResponseSchema, response));
      else context.say(replaced === undefined ? "added" : `added; it was ${describeRoute(replaced)}`);
    });
}
