import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { ReloadCertificatesResponseSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { messageJson, printJson } from "../output/json.ts";

export function defineCertificatesReload(parent: Command, context: ControlContext): void {
  parent
    .command("reload")
    .summary("read the certificates again")
    .description(
      "Reads the certificate directory; when it returns, what was found is served. Without it changes are noticed\n" +
        "within seconds.",
    )
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText("after", examples("mcproxyctl certificates reload"))
    .action(async (options) => {
      const response = await withClient(options.socket, (client, signal) =>
        client.reloadCertificates(signal),
      );
      if (options.output === "json")
        printJson(context.out, messageJson(ReloadCertificatesResponseSchema, response));
      else {
        context.say(`${response.certificates} certificates`);
        for (const problem of response.problems) context.say(`  - ${problem}`);
      }
    });
}
