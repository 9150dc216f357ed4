import { stat } from "node:fs/promises";

import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import {
  type Finding,
  fine,
  type Judgement,
  named,
  problem,
  warning,
} from "@metacircular/mcp-core/doctor/finding.ts";

import type { CliConfig } from "../config/load.ts";
import { createPodmanImages } from "../images/podman-images.ts";
import { openRegistries } from "../images/registries.ts";
import type { Invocation } from "../invocation.ts";

/** Whether images can be built here and pushed: workspace, podman, registry and login. Nothing is asked of what is not
 * configured. */
export async function examineBuilding(
  config: CliConfig,
  invocation: Invocation,
  token: () => Promise<string>,
): Promise<Finding[]> {
  const { workspace, registry } = config;
  const [builds, registries] = await Promise.all([
    workspace === undefined ? [] : examineBuilds(workspace, invocation),
    registry === undefined ? [] : examineRegistry(config, registry.address, invocation, token),
  ]);
  return [...named("building", builds), ...named("registry", registries)];
}

async function examineBuilds(workspace: string, invocation: Invocation): Promise<Judgement[]> {
  return Promise.all([examineWorkspace(workspace), examinePodman(invocation)]);
}

async function examineWorkspace(workspace: string): Promise<Judgement> {
  const status = await stat(workspace).catch(() => undefined);
  if (status?.isDirectory() === true) return fine(workspace, "the workspace is there");
  return problem(
    workspace,
    "there is no such directory, so that no image can be built",
    "create it, or correct workspace in [build]",
  );
}

async function examinePodman({ environment, clock, signal }: Invocation): Promise<Judgement> {
  const images = createPodmanImages({ environment, clock });
  try {
    await images.imageExists("localhost/mcp-doctor:none", signal);
    return fine("podman", "it works on this machine");
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DetailedError)) throw error;
    return problem("podman", [error.found, ...error.output].join("\n"), error.remedy);
  }
}

async function examineRegistry(
  config: CliConfig,
  address: string,
  { environment, clock, signal }: Invocation,
  token: () => Promise<string>,
): Promise<Judgement[]> {
  using registries = openRegistries({ config, token, environment, clock });
  try {
    await registries.check(signal);
    return [fine(address, "it answers, and takes your login")];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DetailedError))
      return [problem(address, messageOf(error), "see the registry's log")];
    // What is wrong with the login itself is told there.
    if (error.code === "NOT_LOGGED_IN")
      return [warning(address, "it was not asked, since there is no login", "mcp login")];
    return [problem(address, error.found, error.remedy)];
  }
}
