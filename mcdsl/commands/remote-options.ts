import { Option } from "@commander-js/extra-typings";

/** How a command reaches the service that it is about. */
export interface RemoteOptions {
  readonly server: string;
  readonly caFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** Each makes a fresh one: options hold their value. */
interface RemoteOptionMakers {
  readonly serverOption: () => Option<"-s, --server <address>", undefined, string>;
  readonly caFileOption: () => Option<"--ca-file <file>">;
  readonly tokenFileOption: () => Option<"--token-file <file>">;
}

/** The options with which a program's commands reach its service.
 * @param prefix of the program's variables, e.g. `MCR`
 * @param about what is reached, e.g. `registry`, and where by default */
export function remoteOptions(
  prefix: string,
  about: { readonly service: string; readonly address: string },
): RemoteOptionMakers {
  return {
    serverOption: () =>
      new Option("-s, --server <address>", `host:port of the ${about.service}'s gRPC`)
        .env(`${prefix}_ADDRESS`)
        .default(about.address),
    caFileOption: () =>
      new Option("--ca-file <file>", "PEM file of the only authorities to trust").env(`${prefix}_CA_FILE`),
    tokenFileOption: () =>
      new Option(
        "--token-file <file>",
        `file with a token; default: $${prefix}_TOKEN, else the login of mcp`,
      ).env(`${prefix}_TOKEN_FILE`),
  };
}
