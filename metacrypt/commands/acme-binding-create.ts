import { type Command, Option } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { caCommand } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeBindingCreate(parent: Command, context: CommandContext): void {
  caCommand(parent, "create")
    .summary("make a binding")
    .description(
      "Makes an external account binding. ACME accounts that are opened with it act for a platform account. The HMAC " +
        "key is shown only now. Everybody may make one for the own account, administrators for any.",
    )
    .option("--account <name>", "platform account; default: your own", "")
    .addOption(
      new Option("--kind <kind>", "what kind of account it is").choices(["human", "system"] as const),
    )
    .option("--note <text>", "for people, such as the machine it is for", "")
    .addOption(outputOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt acme binding create",
        "metacrypt acme binding create --account mcp-agent --note node1",
      ),
    )
    .action(async (options) => {
      const { mount, account, kind = "", note } = options;
      const answer = await callServer(context, options, AcmeService, (client) =>
        client.createAcmeBinding({ mount, account, kind, note }),
      );
      const keyId = answer.binding?.keyId ?? "";
      if (options.output === "json") {
        const made = { key_id: keyId, hmac_key: answer.hmacKey, directory_url: answer.directoryUrl };
        return context.terminal.out(
          JSON.stringify({ ...made, account: answer.binding?.account }, undefined, 2),
        );
      }
      context.terminal.out(`Directory   ${answer.directoryUrl}`);
      context.terminal.out(`Key id      ${keyId}`);
      context.terminal.out(`HMAC key    ${answer.hmacKey}`);
      context.terminal.say("The HMAC key is not shown again.");
    });
}
