import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { type Authority, CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, timeText } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaAuthorities(parent: Command, context: CommandContext): void {
  caCommand(parent, "authorities")
    .summary("list the authorities, or print certificates of one")
    .description("Lists the authorities of a mount, or prints the certificates of one. No token is needed.")
    .argument("[authority]", "id, name or default")
    .option("--chain", "print the certificate and those of its issuers, PEM", false)
    .option("--root", "print the root, which clients are to trust, PEM", false)
    .addOption(outputOption())
    .addHelpText(
      "after",
      examples("metacrypt ca authorities", "metacrypt ca authorities default --root > root.pem"),
    )
    .action(async (authority, options) => {
      const { mount } = options;
      const found = await callServer(context, options, CaService, async (client) =>
        authority === undefined
          ? (await client.listAuthorities({ mount })).authorities
          : [await client.getAuthority({ mount, authority })],
      );
      if (options.chain || options.root)
        return found.forEach((each) => context.terminal.out(pemOf(each, options.root)));
      if (options.output === "json")
        return context.terminal.out(JSON.stringify(found.map(plain), undefined, 2));
      const header = ["NAME", "ID", "SUBJECT", "KEY", "ENDS", "STATE"];
      const rows = found.map((each) => [
        each.name,
        each.id,
        each.subject,
        each.keyType,
        timeText(each.notAfter),
        stateOf(each),
      ]);
      for (const line of formatTable(header, rows)) context.terminal.out(line);
    });
}

function pemOf({ chainPem }: Authority, rootOnly: boolean): string {
  const blocks = chainPem.trimEnd().split(/(?<=-----END CERTIFICATE-----\n)/);
  return (rootOnly ? blocks.slice(-1) : blocks).join("").trimEnd();
}

function stateOf({ root, default: isDefault, disabled }: Authority): string {
  const words = [root ? "root" : "intermediate", isDefault ? "default" : "", disabled ? "disabled" : ""];
  return words.filter(Boolean).join(",");
}

function plain(authority: Authority): object {
  const { id, name, subject, keyType, root, disabled, fingerprint, serialNumber } = authority;
  return {
    id,
    name,
    subject,
    key_type: keyType,
    root,
    default: authority.default,
    disabled,
    path_length: authority.pathLength ?? null,
    not_before: timeText(authority.notBefore),
    not_after: timeText(authority.notAfter),
    serial_number: serialNumber,
    fingerprint,
    certificate_pem: authority.certificatePem,
  };
}
