import type { ObservedContainer } from "../observed.ts";
import type { EdgeSettings } from "./edge-input.ts";

/** Whether one of these containers runs and has that backend. */
export function isAlive(
  backend: string,
  containers: readonly ObservedContainer[],
  { routes }: EdgeSettings,
): boolean {
  return containers.some(
    ({ running, lost, hostPorts }) =>
      running &&
      !lost &&
      Object.values(hostPorts).some((port) => backend === `${routes?.backendAddress}:${port}`),
  );
}
