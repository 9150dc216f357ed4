import { imageProblem } from "../image.ts";
import type { ComponentSpec, ServiceSpec } from "../spec.ts";
import { checkEnvironment } from "./environment.ts";
import { checkHealth } from "./health.ts";
import { limits } from "./limits.ts";
import { checkNames } from "./names.ts";
import { checkPorts } from "./ports.ts";
import { type Path, type Problem, quote } from "./problem.ts";
import { checkRoutes } from "./routes.ts";
import { checkCount, checkText } from "./text.ts";
import { checkVolumes } from "./volumes.ts";

export const networkPattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$";
export const userPattern = "^[a-zA-Z0-9_][a-zA-Z0-9_.-]*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?$";
export const restartPattern = "^(no|always|unless-stopped|on-failure(:[1-9][0-9]{0,3})?)$";

/** Everything that types alone do not say about a service, wherever it comes from: file or wire. Empty:
 * it can be deployed. Paths use the key names of the definition file. */
export function checkService(spec: ServiceSpec): Problem[] {
  const bounds = checkBounds(spec);
  if (bounds.length > 0) return bounds;
  const problems = [
    ...checkNames(spec),
    ...spec.components.flatMap((component, index) => checkComponent(component, ["components", index])),
    ...checkPorts(spec.components),
    ...checkRoutes(spec),
  ];
  if (spec.components.length === 0) {
    problems.push({ path: ["components"], message: "service has no components (add [[components]])" });
  }
  return problems.slice(0, limits.problems);
}

function checkComponent(component: ComponentSpec, path: Path): Problem[] {
  const image = imageProblem(component.image);
  return [
    ...(image === undefined ? [] : [{ path: [...path, "image"], message: image }]),
    ...checkPattern("network", component.network, networkPattern, "the name of a container network", path),
    ...checkPattern("user", component.user, userPattern, `a user, e.g. "1000:1000"`, path),
    ...checkPattern(
      "restart",
      component.restart,
      restartPattern,
      "a restart policy (no, always, unless-stopped, on-failure or on-failure:N)",
      path,
    ),
    ...checkNetworkReach(component, path),
    ...checkVolumes(component, path),
    ...component.cmd.flatMap((argument, index) =>
      checkText("argument", argument, [...path, "cmd", index], limits.value),
    ),
    ...checkEnvironment(component, path),
    ...checkHealth(component, path),
    ...checkUpdate(component, path),
  ];
}

function checkPattern(key: string, value: string, pattern: string, wanted: string, path: Path): Problem[] {
  if (value === "" || new RegExp(pattern).test(value)) return [];
  return [{ path: [...path, key], message: `${key} ${quote(value)} is not ${wanted}` }];
}

function checkNetworkReach(component: ComponentSpec, path: Path): Problem[] {
  const { network } = component;
  const problems: Problem[] = [];
  if ((network === "host" || network === "none") && component.ports.length > 0) {
    problems.push({
      path: [...path, "ports"],
      message: `ports have no effect in network "${network}" (remove them)`,
    });
  }
  if (network === "none" && component.routes.length > 0) {
    problems.push({
      path: [...path, "routes"],
      message: `routes cannot reach a container in network "none"`,
    });
  }
  return problems;
}

function checkUpdate(component: ComponentSpec, path: Path): Problem[] {
  if (component.update !== "start-first" || component.ports.length === 0) return [];
  const message = `update "start-first" cannot work with fixed ports: two containers would need the same port (use routes, or "stop-first")`;
  return [{ path: [...path, "update"], message }];
}

function checkBounds(spec: ServiceSpec): Problem[] {
  const components = checkCount("components", spec.components.length, ["components"], limits.components);
  if (components.length > 0) return components;
  return spec.components.flatMap((component, index) => {
    const path: Path = ["components", index];
    return [
      ...checkCount("ports", component.ports.length, [...path, "ports"]),
      ...checkCount("volumes", component.volumes.length, [...path, "volumes"]),
      ...checkCount("routes", component.routes.length, [...path, "routes"]),
      ...checkCount("arguments in cmd", component.cmd.length, [...path, "cmd"], limits.arguments),
      ...checkCount("environment entries", component.env.length, [...path, "env"], limits.environment),
      ...checkText("image", component.image, [...path, "image"]),
      ...checkText("network", component.network, [...path, "network"]),
      ...checkText("user", component.user, [...path, "user"]),
      ...component.ports.flatMap((text, at) => checkText("port mapping", text, [...path, "ports", at])),
      ...component.volumes.flatMap((text, at) => checkText("volume", text, [...path, "volumes", at])),
    ];
  });
}
