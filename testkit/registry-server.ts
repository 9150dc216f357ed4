import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type JsonResponse, requestJson } from "@metacircular/mcdsl/http/json-client.ts";
import { createTestCertificates, type TestCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { createTestIdentity, type TestIdentity } from "./identity.ts";
import { type Program, startProgram } from "./program.ts";
import { personToken, testPassword } from "./person.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** A real registry in a process of its own, with its data in a directory. */
export interface TestRegistry extends AsyncDisposable {
  /** `https://localhost:port`; the same after a restart. */
  readonly url: string;
  /** `localhost:port`: the first part of images' names. */
  readonly address: string;
  readonly grpcAddress: string;
  readonly metricsUrl: string;
  /** Authority of the registry's and of the identity service's certificate. */
  readonly caFile: string;
  readonly directory: string;
  readonly configFile: string;
  /** Where `type = "file"` keeps blobs, and where uploads in progress are. */
  readonly storageDirectory: string;
  readonly databaseFile: string;
  readonly identity: TestIdentity;
  readonly certificates: TestCertificates;
  /** People: `password` works as the password of `podman login`, and so does `token`. */
  readonly admin: TestAccount;
  readonly user: TestAccount;
  /** A system account; its password is its token. */
  readonly system: TestAccount;
  /** Adds a person with these roles. */
  person(name: string, roles: readonly string[]): Promise<TestAccount>;
  /** Adds a system account. */
  systemAccount(name: string): Promise<TestAccount>;
  /** Calls the API by REST, as the administrator where no token is given; undefined as token: as nobody. */
  rest(
    verb: string,
    path: string,
    body?: unknown,
    ...token: [string | undefined] | []
  ): Promise<JsonResponse>;
  /** Stores a rule `access`, `immutability`, `quotas` or `retention` in the form of its REST body. */
  putRule(kind: RuleKind, id: string, rule: object): Promise<void>;
  /** Lets everybody without an account do so, in all repositories. */
  allowAnonymous(...actions: readonly ("pull" | "push" | "delete")[]): Promise<void>;
  /** The process that runs now. */
  readonly program: Program;
  /** Ends it as a crash would; `start` brings it back under the same addresses. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

type RuleKind = "access" | "immutability" | "quotas" | "retention";

export interface TestAccount {
  readonly name: string;
  readonly password: string;
  /** A token of the identity service. */
  readonly token: string;
}

export interface TestRegistryOptions {
  /** Default: a new temporary one, removed at the end. */
  readonly directory?: string;
  /** Default: new ones. Both or none. */
  readonly certificates?: TestCertificates;
  readonly identity?: TestIdentity;
  /** Keys of `[database]` in place of a SQLite file, e.g. `url = "postgresql://…"`. */
  readonly database?: Readonly<Record<string, string>>;
  /** Lines of `[storage]` besides the directory, e.g. `type = "s3"` and the table `[storage.s3]`. */
  readonly storage?: string;
  /** Further lines of the configuration, with their sections. */
  readonly configuration?: string;
  /** Further environment of the process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Starts a registry with an identity service and three accounts: `admin` (role admin), `user` (role user) and the
 * system account `puller`. */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  await using stack = new AsyncDisposableStack();
  const directory = options.directory ?? stack.use(await createTemporaryDirectory()).path;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const certificates = options.certificates ?? (await createTestCertificates(join(directory, "tls")));
  const identity =
    options.identity ?? stack.use(await createTestIdentity(join(directory, "mcias"), certificates));
  const files = filesIn(directory);
  const ports = { https: await freePort(), grpc: await freePort(), metrics: await freePort() };
  const unique = ports.https;
  await writeFile(files.token, await identity.systemToken(`mcr-${unique}`), { mode: 0o600 });
  await writeFile(files.config, configText({ options, files, ports, certificates, identity }));
  const person = async (name: string, roles: readonly string[]): Promise<TestAccount> => ({
    name,
    password: testPassword,
    token: await personToken(identity, name, roles, "mcr"),
  });
  const systemAccount = async (name: string): Promise<TestAccount> => {
    const token = await identity.systemToken(name);
    return { name, password: token, token };
  };
  // Several registries may share an identity service.
  const suffix = options.identity === undefined ? "" : `-${unique}`;
  const admin = await person(`admin${suffix}`, ["admin"]);
  const user = await person(`user${suffix}`, ["user"]);
  const system = await systemAccount(`puller${suffix}`);
  const run = async (): Promise<Program> => {
    const started = startProgram("bin/mcr", ["server", "--config", files.config], {
      PATH: process.env["PATH"],
      ...options.environment,
    });
    await started.line((line) => line.includes('"serving"'));
    return started;
  };
  let program = await run();
  stack.defer(() => program[Symbol.asyncDispose]());
  const rest: TestRegistry["rest"] = (verb, path, body, ...given) => {
    const [token] = given.length === 0 ? [admin.token] : given;
    return requestJson({
      url: `https://localhost:${ports.https}${path}`,
      method: verb,
      caFile: certificates.caFile,
      ...(body === undefined ? {} : { body }),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
  };
  const putRule: TestRegistry["putRule"] = async (kind, id, rule) => {
    const { status, body } = await rest("PUT", `/v1/rules/${kind}/${id}`, rule);
    if (status !== 200) throw new Error(`rule ${id}: ${status} ${JSON.stringify(body)}`);
  };
  const owned = stack.move();
  const address = `localhost:${ports.https}`;
  return {
    url: `https://${address}`,
    address,
    grpcAddress: `localhost:${ports.grpc}`,
    metricsUrl: `http://127.0.0.1:${ports.metrics}/metrics`,
    caFile: certificates.caFile,
    directory,
    configFile: files.config,
    storageDirectory: files.storage,
    databaseFile: files.database,
    identity,
    certificates,
    admin,
    user,
    system,
    person,
    systemAccount,
    rest,
    putRule,
    allowAnonymous: (...actions) =>
      putRule("access", "anonymous", { effect: "EFFECT_ALLOW", kinds: ["anonymous"], actions }),
    get program() {
      return program;
    },
    kill: () => program.kill(),
    stop: async () => program[Symbol.asyncDispose](),
    async start() {
      program = await run();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Files = ReturnType<typeof filesIn>;

function filesIn(directory: string) {
  return {
    config: join(directory, "mcr.toml"),
    token: join(directory, "mcias-token"),
    storage: join(directory, "storage"),
    database: join(directory, "mcr.db"),
  };
}

function configText(parts: {
  options: TestRegistryOptions;
  files: Files;
  ports: { https: number; grpc: number; metrics: number };
  certificates: TestCertificates;
  identity: TestIdentity;
}): string {
  const { options, files, ports, certificates, identity } = parts;
  const { configuration = "", storage = "", database = { path: files.database } } = options;
  const databaseLines = Object.entries(database).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `[server]
listen_addr = "127.0.0.1:${ports.https}"
grpc_addr = "127.0.0.1:${ports.grpc}"
tls_cert = ${JSON.stringify(certificates.certFile)}
tls_key = ${JSON.stringify(certificates.keyFile)}
external_url = "https://localhost:${ports.https}"
[storage]
directory = ${JSON.stringify(files.storage)}
${storage}
[database]
${databaseLines.join("\n")}
[mcias]
server_url = ${JSON.stringify(identity.issuer)}
ca_cert = ${JSON.stringify(identity.caFile)}
token_path = ${JSON.stringify(files.token)}
[metrics]
listen = "127.0.0.1:${ports.metrics}"
${configuration}
`;
}
