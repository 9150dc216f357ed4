import { join } from "node:path";
import { createTestAgent, type TestAgent, type TestAgentOptions } from "./agent.ts";
import { createTestCertificates, type TestCertificates } from "./certificates.ts";
import { createTestIdentity, type TestIdentity } from "./identity.ts";
import { createTestPodman, type TestPodman } from "./podman.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** A node with everything an agent needs, all of it real: podman, identity, certificates, the agent. */
export interface TestNode extends AsyncDisposable {
  readonly directory: string;
  readonly podman: TestPodman;
  readonly certificates: TestCertificates;
  readonly identity: TestIdentity;
  readonly agent: TestAgent;
}

/** What there is before the agent. */
export type TestSurroundings = Pick<TestNode, "directory" | "certificates" | "identity">;

export async function createTestNode(
  options: Partial<Pick<TestAgentOptions, "monitor" | "reconcile">> & {
    readonly entry?: (directory: string) => TestAgentOptions["entry"];
    /** Starts what the agent works with, and returns further lines of its configuration. */
    readonly beside?: (parts: TestSurroundings) => Promise<string>;
  } = {},
): Promise<TestNode> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory());
  const certificates = await createTestCertificates(join(directory, "certificates"));
  const [podman, identity] = await Promise.all([
    createTestPodman(),
    createTestIdentity(join(directory, "mcias"), certificates),
  ]);
  stack.use(podman);
  stack.use(identity);
  const entry = options.entry?.(directory);
  const configuration = (await options.beside?.({ directory, certificates, identity })) ?? "";
  const agent = stack.use(
    await createTestAgent({
      directory,
      certificates,
      identity,
      environment: podman.environment,
      configuration,
      ...(options.monitor === undefined ? {} : { monitor: options.monitor }),
      ...(options.reconcile === undefined ? {} : { reconcile: options.reconcile }),
      ...(entry === undefined ? {} : { entry }),
    }),
  );
  const owned = stack.move();
  return {
    directory,
    podman,
    certificates,
    identity,
    agent,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
