import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createOciLayout } from "@metacircular/testkit/oci-layout.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { createCaller } from "./registry-caller.ts";
import { trust } from "./trust.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const programs = ["podman", "skopeo", "buildah"] as const;
type Program = (typeof programs)[number];

const succeeded = "Login Succeeded!";
const wrong = "invalid username/password";

describe("logging in with stock clients", { concurrency: false }, () => {
  let registry: TestRegistry;
  let podman: TestPodman;
  let directory: string;
  let guest: string;
  let expired: string;

  before(async () => {
    [registry, podman] = await Promise.all([startTestRegistry(), createTestPodman({ images: [] })]);
    trust(registry);
    directory = join(podman.directory, "login");
    await mkdir(join(directory, "trust"), { recursive: true });
    await writeFile(join(directory, "trust", "ca.crt"), await readFile(registry.caFile));
    guest = (await registry.person("visitor", ["guest"])).password;
    expired = await registry.identity.systemToken("expired", "1s");
  });
  after(async () => {
    await podman[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  const run = (program: Program, args: readonly string[], input = ""): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { ...podman.environment, HOME: directory };
      const child = execFile(program, args, { env }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
      });
      child.stdin?.end(input);
    });
  const authFile = (program: Program): string => join(directory, `${program}.json`);
  const trusting = (program: Program): string[] => [
    "--authfile",
    authFile(program),
    "--cert-dir",
    join(directory, "trust"),
  ];
  const login = (program: Program, username: string, password: string): Promise<Ended> =>
    run(
      program,
      ["login", ...trusting(program), "-u", username, "--password-stdin", registry.address],
      password,
    );

  const succeeds = async (program: Program, username: string, password: string): Promise<void> => {
    await rm(authFile(program), { force: true });
    const { code, stdout, stderr } = await login(program, username, password);
    assert.deepEqual([code, stdout.trim(), stderr], [0, succeeded, ""]);
  };
  const fails = async (program: Program, username: string, password: string, said: string): Promise<void> => {
    await rm(authFile(program), { force: true });
    const { code, stdout, stderr } = await login(program, username, password);
    assert.equal(stdout, "");
    assert.ok(stderr.includes(said), stderr);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.notEqual(code, 0);
    await assert.rejects(readFile(authFile(program)), { code: "ENOENT" });
  };

  for (const program of programs) {
    test(`${program} takes a password, or a token of the identity service as the password`, async () => {
      await succeeds(program, "user", registry.user.password);
      await succeeds(program, "user", registry.user.token);
      await succeeds(program, "token", registry.user.token);
      await succeeds(program, registry.system.name, registry.system.token);
    });

    test(`${program} says that a password is wrong, also where a token is another's or over`, async () => {
      await fails(program, "user", `not ${registry.user.password}`, wrong);
      await fails(program, "admin", registry.user.token, wrong);
      await eventually(() => fails(program, "expired", expired, wrong));
    });

    test(`${program} says that a guest is not let in`, async () => {
      const said = "Requesting bearer token: invalid status code from registry 403 (Forbidden)";
      await fails(program, "visitor", guest, said);
    });
  }

  test("says that it is not now possible while the identity service is down, and never that it is wrong", async () => {
    await registry.identity.stop();
    try {
      for (const program of programs) {
        const said = "Requesting bearer token: invalid status code from registry 503 (Service Unavailable)";
        await fails(program, "admin", registry.admin.password, said);
      }
      const caller = createCaller(registry.url);
      const { username, password } = { username: "admin", password: registry.admin.password };
      const answer = await caller.askToken({ username, password }, "");
      assert.equal(answer.headers.get("retry-after"), "5");
      assert.match(answer.body, /^\{"errors":\[\{"code":"UNAVAILABLE"/u);
    } finally {
      await registry.identity.start();
    }
    await succeeds("skopeo", "admin", registry.admin.password);
  });

  test("lets an identity token in the file of logins ask for tokens", async () => {
    const auths = {
      [registry.address]: {
        auth: Buffer.from("<token>:").toString("base64"),
        identitytoken: registry.admin.token,
      },
    };
    await writeFile(authFile("skopeo"), JSON.stringify({ auths }));
    const layout = join(directory, "layout");
    await createOciLayout(layout, { layers: 1, layerBytes: 1000 });
    const target = `docker://${registry.address}/team/app:v1`;
    const certificates = ["--dest-cert-dir", join(directory, "trust")];
    const pushed = await run("skopeo", [
      "copy",
      "--authfile",
      authFile("skopeo"),
      ...certificates,
      `oci:${layout}`,
      target,
    ]);
    assert.equal(pushed.code, 0, pushed.stderr);
  });

  test("tells who may not pull or push what is missing, and who it is", async () => {
    await succeeds("skopeo", "user", registry.user.password);
    const image = `docker://${registry.address}/team/app:v1`;
    const pulled = await run("skopeo", ["inspect", ...trusting("skopeo"), image]);
    assert.match(pulled.stderr, /cannot pull from team\/app: the rules do not let user pull there/u);
    const rule = { effect: "EFFECT_ALLOW", priority: 50, accounts: ["user"], actions: ["pull"] };
    await registry.putRule("access", "user-pulls", rule);
    const read = await run("skopeo", ["inspect", ...trusting("skopeo"), image]);
    assert.equal(read.code, 0, read.stderr);
    const layout = join(directory, "another-layout");
    await createOciLayout(layout, { layers: 1, layerBytes: 1000 });
    const certificates = ["--authfile", authFile("skopeo"), "--dest-cert-dir", join(directory, "trust")];
    const pushed = await run("skopeo", ["copy", ...certificates, `oci:${layout}`, image]);
    assert.match(pushed.stderr, /cannot push to team\/app: the rules do not let user push there/u);
  });

  test("is not needed for what a rule opens to anybody, and says so for the rest", async () => {
    const nobody = ["--authfile", join(directory, "nobody.json"), "--cert-dir", join(directory, "trust")];
    const image = `docker://${registry.address}/team/app:v1`;
    const closed = await run("skopeo", ["inspect", ...nobody, image]);
    assert.match(closed.stderr, /cannot pull from team\/app: that needs an account; log in to the registry/u);
    const open = { effect: "EFFECT_ALLOW", kinds: ["anonymous"], repositories: ["team/app"] };
    await registry.putRule("access", "open", { ...open, actions: ["pull"] });
    const read = await run("skopeo", ["inspect", ...nobody, image]);
    assert.equal(read.code, 0, read.stderr);
    const removed = await run("skopeo", ["delete", ...nobody, image]);
    assert.match(removed.stderr, /cannot delete in team\/app: that needs an account/u);
  });
});
