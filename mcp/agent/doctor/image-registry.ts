import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Check } from "./check.ts";

/** Nobody has it: what podman says about it tells how far podman gets. */
const nobodysImage = "mcp-doctor/does-not-exist:v0";

/** Whether the registry answers, takes the agent's login, and is trusted by podman as well. */
export const imageRegistryCheck: Check = {
  name: "image-registry",
  async run({ imageRegistry, runtime }, signal) {
    if (imageRegistry === undefined)
      return [fine("the registry", "none is configured: podman's own logins count")];
    const { address, check } = imageRegistry;
    try {
      await check(signal);
    } catch (error) {
      signal.throwIfAborted();
      return [judgeRegistry(address, error)];
    }
    return [judgePull(address, await pullFailureOf(runtime, `${address}/${nobodysImage}`, signal))];
  },
};

async function pullFailureOf(runtime: Runtime, image: string, signal: AbortSignal): Promise<unknown> {
  try {
    await runtime.pull(image, signal, { refresh: true });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return error;
  }
}

/** What the agent itself found. */
export function judgeRegistry(address: string, error: unknown): Judgement {
  if (!(error instanceof DetailedError)) return problem(address, messageOf(error), "look into its log");
  const { code, found } = error;
  if (code === "REGISTRY_DENIED") {
    const remedy = "renew the agent's token, and look that the registry asks the same identity service";
    return problem(address, `it does not take the agent's login: ${found}`, remedy);
  }
  return problem(address, found, error.remedy);
}

/** What podman found: that there is no such image, or that this account may not see it, is as it should be. */
export function judgePull(address: string, error: unknown): Judgement {
  const isKnown = error instanceof DetailedError;
  if (error === undefined || (isKnown && ["IMAGE_NOT_FOUND", "REGISTRY_DENIED"].includes(error.code)))
    return fine(address, "it answers, takes the agent's login, and podman trusts it");
  if (!isKnown) return problem(address, messageOf(error), "look into the agent's log");
  const found =
    error.code === "REGISTRY_UNTRUSTED"
      ? "it answers and takes the agent's login, but podman does not trust its certificate"
      : `it answers the agent, but podman says: ${error.found}`;
  return problem(address, found, error.remedy);
}
