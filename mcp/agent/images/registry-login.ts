import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** The account that the agent is towards every service of the platform. */
export const registryUser = "mcp-agent";

/** How the agent, and the runtime for it, log in to the registry of the platform. */
export interface RegistryLogin {
  /** `host[:port]`, as it stands in image references. The login is for this registry only. */
  readonly address: string;
  /** PEM file of the authority of its certificate; undefined: the system's. */
  readonly caFile: string | undefined;
  /** Holds that authority as `ca.crt`, as podman's `--cert-dir` and Go's `SSL_CERT_DIR` want it. */
  readonly certificateDirectory: string | undefined;
  /** As podman's `--authfile`; only its owner may read it. It exists once `credentials` was called. */
  readonly authFile: string;
  /** Reads the token anew, and brings the file up to date with it.
   * @throws DetailedError REGISTRY_LOGIN_UNREADABLE */
  credentials(): Promise<{ readonly username: string; readonly password: string }>;
}

/** Prepares the login in the agent's own directory.
 * @param options.directory made where it does not exist; closed to others
 * @throws DetailedError REGISTRY_CA_UNREADABLE */
export async function openRegistryLogin(options: {
  readonly address: string;
  /** Empty: the system's authorities. */
  readonly caFile: string;
  /** The password is in this file. */
  readonly tokenFile: string;
  readonly directory: string;
}): Promise<RegistryLogin> {
  const { address, caFile, tokenFile, directory } = options;
  const certificateDirectory = caFile === "" ? undefined : join(directory, "certificates");
  const authFile = join(directory, "auth.json");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (certificateDirectory !== undefined) await copyAuthority(caFile, certificateDirectory);
  return {
    address,
    caFile: caFile === "" ? undefined : caFile,
    certificateDirectory,
    authFile,
    async credentials() {
      const password = await readToken(tokenFile, address);
      await keepAuthFile(authFile, authFileText(address, { username: registryUser, password }));
      return { username: registryUser, password };
    },
  };
}

/** The content of an authentication file for one registry (containers-auth.json(5)). */
export function authFileText(address: string, login: { username: string; password: string }): string {
  const auth = Buffer.from(`${login.username}:${login.password}`, "utf8").toString("base64");
  return `${JSON.stringify({ auths: { [address]: { auth } } }, undefined, 2)}\n`;
}

/** The value of `X-Registry-Auth` that is good for one registry only: a map, where a plain login would go to whichever
 * registry a name leads to (docs.podman.io, "libpod/images/pull"). */
export function registryAuthHeader(address: string, login: { username: string; password: string }): string {
  const { username, password } = login;
  const text = Buffer.from(JSON.stringify({ [address]: { username, password } }), "utf8").toString("base64");
  // Podman wants the letters for URLs, and the padding as well.
  return text.replaceAll("+", "-").replaceAll("/", "_");
}

/** Directories that Go looks for authorities in where nothing else is said (crypto/x509, root_linux.go). */
const systemDirectories = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/** Variables by which a podman that the agent starts itself trusts the registry's authority, besides the system's. */
export function trusting(
  login: Pick<RegistryLogin, "certificateDirectory"> | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const directory = login?.certificateDirectory;
  if (directory === undefined) return {};
  const given = environment["SSL_CERT_DIR"] ?? "";
  return { SSL_CERT_DIR: [...(given === "" ? systemDirectories : [given]), directory].join(":") };
}

async function readToken(file: string, address: string): Promise<string> {
  const found = await readFile(file, "utf8").then(
    (text) => ({ token: text.trim(), problem: "it is empty" }),
    (thrown: unknown) => ({ token: "", problem: systemCodeOf(thrown) }),
  );
  if (found.token !== "") return found.token;
  throw new DetailedError({
    code: "REGISTRY_LOGIN_UNREADABLE",
    category: "failed-precondition",
    attempted: "read the token for registry",
    subject: address,
    found: `${file}: ${found.problem}`,
    remedy: `issue a token for ${registryUser}, and write it to ${file} (mode 0600); it is read anew at each pull`,
  });
}

/** Written only where it differs: the token is the same for months, and pulls are many. */
async function keepAuthFile(path: string, text: string): Promise<void> {
  const [kept, mode] = await Promise.all([
    readFile(path, "utf8").catch(() => ""),
    stat(path).then(
      (found) => found.mode & 0o777,
      () => 0,
    ),
  ]);
  if (kept !== text || mode !== 0o600) await writeFileAtomic(path, text, { mode: 0o600 });
}

async function copyAuthority(caFile: string, directory: string): Promise<void> {
  try {
    const certificate = await readFile(caFile);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileAtomic(join(directory, "ca.crt"), certificate, { mode: 0o644 });
  } catch (thrown) {
    throw new DetailedError({
      code: "REGISTRY_CA_UNREADABLE",
      category: "failed-precondition",
      attempted: "read the registry's authority",
      subject: caFile,
      found: systemCodeOf(thrown),
      remedy: "correct ca_cert in [registry]",
      cause: thrown,
    });
  }
}
