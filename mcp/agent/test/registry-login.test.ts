import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createTestCertificates, type TestCertificates } from "@metacircular/testkit/certificates.ts";
import { type DockerRegistry, startDockerRegistry } from "@metacircular/testkit/docker-registry.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { imageRegistryCheck } from "../doctor/image-registry.ts";
import { openImageRegistry } from "../images/image-registry.ts";
import { openRegistryLogin, type RegistryLogin, trusting } from "../images/registry-login.ts";
import { openPodman } from "../runtime/podman.ts";
import type { Runtime } from "../runtime/runtime.ts";

const logins = {
  "first-token": "mcp-agent:$2y$04$IE2mUNHl7MKUvQrHJlImKemEcf99R6Pc5iUQumOeqvkaYssO.XDoG",
  "second-token": "mcp-agent:$2y$04$GW8MDIO47Ssh2AXyeTAlFegicCyGolN22WNgrdTH7IOvrD2jfj0WW",
};

describe("pulling from a registry with a login", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  const lines: string[] = [];
  let podman: TestPodman;
  let registry: DockerRegistry;
  let certificates: TestCertificates;
  let login: RegistryLogin;
  let runtime: Runtime;
  let passwordFile: string;
  let tokenFile: string;

  before(async () => {
    podman = stack.use(await createTestPodman());
    const { directory } = podman;
    certificates = await createTestCertificates(join(directory, "certificates"));
    passwordFile = join(directory, "htpasswd");
    tokenFile = join(directory, "token");
    await writeFile(passwordFile, `${logins["first-token"]}\n`);
    await writeFile(tokenFile, "first-token\n", { mode: 0o600 });
    registry = stack.use(
      await startDockerRegistry({ directory: join(directory, "registry"), certificates, passwordFile }),
    );
    const options = [
      "--quiet",
      "--cert-dir",
      await certificateDirectory(),
      "--creds",
      "mcp-agent:first-token",
    ];
    for (const tag of ["v1", "v2"])
      await podman.cli("push", ...options, `localhost/web:${tag}`, `${registry.address}/team/web:${tag}`);
    login = await openRegistryLogin({
      address: registry.address,
      caFile: certificates.caFile,
      tokenFile,
      directory: join(directory, "login"),
    });
    runtime = await open("own", { login, environment: trusting(login, podman.environment) });
  });
  after(() => stack.disposeAsync());

  async function certificateDirectory(): Promise<string> {
    const directory = join(podman.directory, "pushing");
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "ca.crt"), await readFile(certificates.caFile));
    return directory;
  }

  async function open(
    name: string,
    options: { login: RegistryLogin | undefined; environment?: Record<string, string> },
  ): Promise<Runtime> {
    const destination = {
      write(line: string) {
        lines.push(line);
      },
    };
    return stack.use(
      await openPodman({
        stateDirectory: join(podman.directory, name),
        environment: { ...podman.environment, ...options.environment },
        registryLogin: options.login,
        logger: createLogger({ name: "podman", level: "debug", destination }),
        clock: systemClock,
      }),
    );
  }

  const image = (name: string): string => `${registry.address}/team/${name}`;
  async function forget(name: string): Promise<void> {
    await podman.cli("rmi", "--force", image(name));
  }

  test("logs in by itself, and logs a command that works without the secret", async () => {
    await forget("web:v1");
    const pulled = await runtime.pull(image("web:v1"));
    assert.match(pulled.digest, /^sha256:/u);
    assert.equal((await stat(login.authFile)).mode & 0o777, 0o600);
    const command = lines.map((line) => (JSON.parse(line) as { command?: string }).command ?? "");
    const shown = command.find((each) => each.startsWith("podman pull")) ?? "";
    assert.ok(shown.includes(`--authfile ${login.authFile}`));
    await forget("web:v1");
    await podman.cli(...shown.split(" ").slice(1));
    assert.equal((await runtime.image(image("web:v1")))?.digest, pulled.digest);
    const secret = Buffer.from("mcp-agent:first-token").toString("base64");
    for (const text of ["first-token", secret]) assert.equal(lines.join("").includes(text), false);
  });

  test("takes the registry's digest for an image that has another one here", async () => {
    const here = await podman.cli("image", "inspect", "--format", "{{.Digest}}", image("web:v1"));
    const pulled = await runtime.image(image("web:v1"));
    assert.match(here, /^sha256:/u);
    assert.notEqual(pulled?.digest, here.trim());
    using asked = openImageRegistry(login, systemClock);
    assert.equal(await asked.digestOf("team/web", "v1"), pulled?.digest);
    assert.equal(await asked.digestOf("team/web", "v9"), undefined);
  });

  test("pulls by digest what the tag does not name any more", async () => {
    const digest = (await runtime.image(image("web:v1")))?.digest ?? "";
    await podman.cli("rmi", "--force", image("web:v1"), "localhost/web:v1");
    const pulled = await runtime.pull(`${image("web:v2")}@${digest}`);
    assert.equal(pulled.digest, digest);
  });

  test("uses a token that was renewed with the next pull", async () => {
    await forget("web:v2");
    await writeFile(passwordFile, `${logins["second-token"]}\n`);
    await assert.rejects(runtime.pull(image("web:v2")), {
      code: "REGISTRY_DENIED",
      remedy: /^let the registry's rules allow the account mcp-agent/u,
    });
    await writeFile(tokenFile, "second-token\n");
    await runtime.pull(image("web:v2"));
  });

  test("tells apart why a pull fails", async () => {
    await assert.rejects(runtime.pull(image("web:v9")), { code: "IMAGE_NOT_FOUND" });
    await assert.rejects(runtime.pull(image("nothing:v1")), { code: "IMAGE_NOT_FOUND" });
    await assert.rejects(runtime.pull("127.0.0.1:1/web:v1"), {
      code: "REGISTRY_UNREACHABLE",
      remedy:
        "check that 127.0.0.1:1 runs, and that the node reaches it; " +
        `if 127.0.0.1:1 has moved to ${registry.address}, the registry that is configured, ` +
        `write ${registry.address}/ in place of 127.0.0.1:1/ in the definition`,
    });
    const elsewhere = image("web:v2").replace("localhost", "127.0.0.1");
    await assert.rejects(runtime.pull(elsewhere), { code: "REGISTRY_DENIED", remedy: /podman login/u });
    await rm(tokenFile);
    const unreadable = { code: "REGISTRY_LOGIN_UNREADABLE", found: `${tokenFile}: ENOENT` };
    await assert.rejects(runtime.pull(image("web:v9")), unreadable);
    await writeFile(tokenFile, "second-token", { mode: 0o600 });
  });

  test("names the command that lets another podman trust the registry, which then works", async () => {
    // Without root podman wants it to be there.
    const home = join(podman.directory, "home");
    await mkdir(home);
    const other = await open("other", { login, environment: { HOME: home } });
    let remedy = "";
    await assert.rejects(other.pull(image("web:v9")), (error: Error & { code: string; remedy: string }) => {
      assert.equal(error.code, "REGISTRY_UNTRUSTED");
      remedy = error.remedy;
      return true;
    });
    const directory = /mkdir -p (\S+) && cp (\S+) (\S+)$/u.exec(remedy);
    assert.ok(directory);
    const [, certificatesOfRegistry = "", from = "", to] = directory;
    assert.equal(from, certificates.caFile);
    assert.equal(to, `${certificatesOfRegistry}/ca.crt`);
    // Of the user's own, so that the test changes nothing of the machine.
    const own = join(home, ".config/containers/certs.d", registry.address);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "ca.crt"), await readFile(from));
    await assert.rejects(other.pull(image("web:v9")), { code: "IMAGE_NOT_FOUND" });
  });

  test("the doctor sees whether the agent and podman get through", async () => {
    using imageRegistry = openImageRegistry(login, systemClock);
    const diagnose = async (with_: Runtime) => {
      const patient = { imageRegistry, runtime: with_ } as unknown as Parameters<
        typeof imageRegistryCheck.run
      >[0];
      const [found] = await imageRegistryCheck.run(patient, new AbortController().signal);
      return `${found?.severity}: ${found?.found}`;
    };
    assert.equal(await diagnose(runtime), "ok: it answers, takes the agent's login, and podman trusts it");
    const bare = join(podman.directory, "bare");
    await mkdir(bare);
    const other = await open("untrusting", { login, environment: { HOME: bare } });
    assert.match(await diagnose(other), /^problem: .*podman does not trust its certificate$/u);
    await writeFile(tokenFile, "no good");
    using refused = openImageRegistry(login, systemClock);
    const patient = { imageRegistry: refused, runtime } as unknown as Parameters<
      typeof imageRegistryCheck.run
    >[0];
    const [found] = await imageRegistryCheck.run(patient, new AbortController().signal);
    assert.match(found?.found ?? "", /^it does not take the agent's login/u);
    await writeFile(tokenFile, "second-token");
  });
});
