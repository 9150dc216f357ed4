import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { Option } from "@commander-js/extra-typings";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { createNameServerClient, type NameServerClient } from "../client.ts";
import type { CommandContext } from "./context.ts";

/** How a command reaches the server; the same options for all. */
export interface RemoteOptions {
  readonly server: string;
  readonly caFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

const callTimeoutMs = 60_000;
const mostTokenBytes = 64 * 1024;

export function serverOption(): Option<"-s, --server <address>", undefined, string> {
  return new Option("-s, --server <address>", "host:port of the server's gRPC")
    .env("MCNS_ADDRESS")
    .default("localhost:9448");
}

export function caFileOption(): Option<"--ca-file <file>"> {
  return new Option("--ca-file <file>", "PEM file of the only authorities to trust").env("MCNS_CA_FILE");
}

export function tokenFileOption(): Option<"--token-file <file>"> {
  return new Option(
    "--token-file <file>",
    "file with a token; default: $MCNS_TOKEN, else the login of mcp",
  ).env("MCNS_TOKEN_FILE");
}

/** Runs `body` with a connection to the server. What the server lists of a failure is said line by line. */
export async function withServer(
  context: CommandContext,
  options: RemoteOptions,
  body: (server: NameServerClient) => Promise<void>,
): Promise<void> {
  const { server: address, caFile } = options;
  const token = await readToken(context, options);
  await using server = createNameServerClient({
    address,
    caFile,
    token: () => Promise.resolve(token),
    timeoutMs: callTimeoutMs,
  });
  try {
    await body(server);
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.output.length > 1) {
      for (const line of thrown.output) context.terminal.say(line);
    }
    throw thrown;
  }
}

async function readToken({ environment }: CommandContext, { tokenFile }: RemoteOptions): Promise<string> {
  const given = environment["MCNS_TOKEN"]?.trim() ?? "";
  if (given !== "" && tokenFile === undefined) return given;
  const directory = environment["XDG_CONFIG_HOME"] ?? join(environment["HOME"] ?? homedir(), ".config");
  const file = tokenFile ?? join(directory, "mcp", "token");
  const token = tokenIn(await readPrivate(file));
  if (token !== "") return token;
  throw tokenProblem("TOKEN_FILE_UNREADABLE", file, "it holds no token");
}

/** A token alone, or what `mcp login` keeps. */
function tokenIn(text: string): string {
  if (!text.trimStart().startsWith("{")) return text.trim();
  const { access_token: token } = JSON.parse(text) as { access_token?: unknown };
  return typeof token === "string" ? token : "";
}

async function readPrivate(path: string): Promise<string> {
  try {
    await using file = await open(path, constants.O_RDONLY);
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw tokenProblem(
        "TOKEN_FILE_EXPOSED",
        path,
        "others may read or change it",
        `run \`chmod 600 ${path}\``,
      );
    }
    if (size > mostTokenBytes) throw tokenProblem("TOKEN_FILE_UNREADABLE", path, "it is no token");
    return await file.readFile("utf8");
  } catch (thrown) {
    if (thrown instanceof DetailedError) throw thrown;
    throw tokenProblem("TOKEN_FILE_UNREADABLE", path, messageOf(thrown), undefined, thrown);
  }
}

function tokenProblem(
  code: string,
  subject: string,
  found: string,
  remedy = "log in with `mcp login`, or give a token with --token-file or MCNS_TOKEN",
  cause?: unknown,
): DetailedError {
  return new DetailedError({
    code,
    category: "failed-precondition",
    attempted: "use the token in",
    subject,
    found,
    remedy,
    cause,
  });
}

/** A message as REST answers it. */
export function jsonText<Message extends DescMessage>(
  schema: Message,
  message: MessageShape<Message>,
): string {
  const json = toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
  return JSON.stringify(json, undefined, 2);
}
