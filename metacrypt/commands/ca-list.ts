import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Command, Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { CaService, CertificateStatus } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, seconds, timeText, wholeNumber } from "./ca-options.ts";
import { plainCertificate, statusText } from "./ca-certificate.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

const statuses = {
  valid: CertificateStatus.VALID,
  expired: CertificateStatus.EXPIRED,
  revoked: CertificateStatus.REVOKED,
} as const;

export function defineCaList(parent: Command, context: CommandContext): void {
  caCommand(parent, "list")
    .summary("list and search certificates")
    .description("Lists certificates, newest first. The policy decides who may: operation ca/list.")
    .option("--name <text>", "part of a name", "")
    .option("--serial <hex>", "beginning of the serial number", "")
    .option("--fingerprint <hex>", "beginning of the SHA-256 fingerprint", "")
    .option("--authority <authority>", "issued by", "")
    .option("--requester <account>", "asked for by", "")
    .option("--profile <name>", "of profile", "")
    .addOption(
      new Option("--status <status>", "what became of it").choices(["valid", "expired", "revoked"] as const),
    )
    .option("--expires-within <duration>", "ends within this time from now, and has not yet", seconds)
    .option("--limit <number>", "at most so many", wholeNumber, 100)
    .option("--page <token>", "as the page before ended with", "")
    .addOption(outputOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt ca list --name example.org --status valid",
        "metacrypt ca list --expires-within 14d -o json",
      ),
    )
    .action(async (options) => {
      const { mount, name, fingerprint, authority, requester, profile, limit } = options;
      const answer = await callServer(context, options, CaService, (client) =>
        client.listCertificates({
          ...{ mount, name, fingerprint, authority, requester, profile, limit },
          serialNumber: options.serial,
          status: options.status === undefined ? CertificateStatus.UNSPECIFIED : statuses[options.status],
          pageToken: options.page,
          ...expiry(options.expiresWithin, context.clock.now()),
        }),
      );
      if (options.output === "json") {
        const certificates = answer.certificates.map(plainCertificate);
        const page = { certificates, next_page_token: answer.nextPageToken };
        return context.terminal.out(JSON.stringify(page, undefined, 2));
      }
      const rows = answer.certificates.map((each) => [
        each.serialNumber,
        statusText(each.status),
        timeText(each.notAfter),
        each.profile,
        each.requester,
        each.names.join(",") || each.commonName,
      ]);
      const header = ["SERIAL", "STATUS", "ENDS", "PROFILE", "REQUESTER", "NAMES"];
      for (const line of formatTable(header, rows)) context.terminal.out(line);
      if (answer.nextPageToken !== "") context.terminal.say(`There are more: --page ${answer.nextPageToken}`);
    });
}

function expiry(withinSeconds: number | undefined, nowMs: number): object {
  if (withinSeconds === undefined) return {};
  return {
    expiresAfter: timestampFromMs(nowMs),
    expiresBefore: timestampFromMs(nowMs + withinSeconds * 1_000),
  };
}
