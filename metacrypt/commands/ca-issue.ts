import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { generateKeyPairOf } from "../ca/key-pair.ts";
import { pemOf } from "../ca/pem.ts";
import { keyTypeOption } from "./ca-authority-wish.ts";
import { caCommand, seconds, timeText, writeNew } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaIssue(parent: Command, context: CommandContext): void {
  caCommand(parent, "issue")
    .summary("make a key and have a certificate issued for it")
    .description(
      "Makes a key here, which never leaves this machine, and has a certificate issued for it. Prints the " +
        "certificate and those of its issuers without the root. The policy decides who may: operation ca/issue.",
    )
    .argument("<names...>", "DNS names, IP addresses, mail addresses, URIs")
    .requiredOption("--key <file>", "file for the new private key; it must not be there yet")
    .option("--profile <name>", "profile", "server")
    .option("--common-name <text>", "default: the first DNS name that fits", "")
    .option("--lifetime <duration>", "default: the profile's", seconds)
    .option("--authority <authority>", "default: the mount's default", "")
    .addOption(keyTypeOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt ca issue web.example.org --key web.key > web.pem",
        "metacrypt ca issue alice@example.org --profile client --lifetime 30d --key alice.key > alice.pem",
      ),
    )
    .action(async (names, options) => {
      const { mount, profile, commonName, authority, lifetime = 0 } = options;
      const { privateKeyPem, publicKey } = await generateKeyPairOf(options.keyType);
      // First, so that no certificate is issued for a key that could not be kept.
      await writeNew(options.key, privateKeyPem, { secret: true });
      const publicKeyPem = pemOf("PUBLIC KEY", publicKey);
      const request = {
        mount,
        profile,
        names,
        commonName,
        publicKeyPem,
        authority,
        lifetimeSeconds: lifetime,
      };
      const issued = await callServer(context, options, CaService, (client) => client.issue(request));
      context.terminal.out(issued.chainPem.trimEnd());
      context.terminal.say(`Issued ${issued.serialNumber}, valid until ${timeText(issued.notAfter)}.`);
    });
}
