import type { Definition, HealthDefinition } from "../definition.ts";
import { imageName } from "../image.ts";
import { checkService } from "./checks.ts";
import { definitionToSpec } from "./convert.ts";
import { durationForm, parseDuration } from "../duration.ts";
import { limits } from "./limits.ts";
import { type Path, type Problem, quote } from "./problem.ts";
import { checkCount, hasControlCharacter } from "./text.ts";

const probes = ["http", "tcp", "cmd"] as const;
const durations = ["interval", "timeout", "deadline", "settle"] as const;

/** Everything that types alone do not say about a definition file. Empty: it can be deployed. */
export function checkDefinition(definition: Definition): Problem[] {
  const problems = [...checkNode(definition), ...checkBuild(definition)];
  for (const [index, { health }] of definition.components.entries()) {
    if (health !== undefined) problems.push(...checkHealthKeys(health, ["components", index, "health"]));
  }
  const known = new Set(problems.map(({ path }) => JSON.stringify(path)));
  const rest = checkService(definitionToSpec(definition)).filter(
    ({ path }) => !known.has(JSON.stringify(path)),
  );
  return [...problems, ...rest];
}

function checkNode(definition: Definition): Problem[] {
  if (definition.node !== "") return [];
  return [{ path: ["node"], message: "node name is empty (see `mcp node list`)" }];
}

function checkBuild(definition: Definition): Problem[] {
  const problems: Problem[] = [];
  if (definition.path !== undefined) problems.push(...checkRelative("path", definition.path, ["path"]));
  const images = Object.entries(definition.build?.images ?? {});
  problems.push(...checkCount("images to build", images.length, ["build", "images"], limits.buildImages));
  const used = new Set(definition.components.map(({ image }) => imageName(image)));
  for (const [name, file] of images) {
    const path = ["build", "images", name];
    problems.push(...checkRelative("Dockerfile", file, path));
    if (!used.has(name)) {
      problems.push({
        path,
        message: `no component uses an image named ${quote(name)}, which is the last part of a repository`,
      });
    }
  }
  return problems;
}

function checkRelative(what: string, text: string, path: Path): Problem[] {
  const wrong =
    text === ""
      ? "is empty"
      : text.startsWith("/")
        ? `is absolute: ${quote(text)}`
        : text.split("/").includes("..")
          ? `leads through "..": ${quote(text)}`
          : hasControlCharacter(text)
            ? "contains a control character"
            : undefined;
  return wrong === undefined
    ? []
    : [{ path, message: `${what} ${wrong} (relative to the source directory)` }];
}

function checkHealthKeys(health: HealthDefinition, path: Path): Problem[] {
  const problems: Problem[] = [];
  const chosen = probes.filter((probe) => health[probe] !== undefined);
  for (const extra of chosen.slice(1)) {
    problems.push({
      path: [...path, extra],
      message: `health has both ${chosen[0]} and ${extra} (one of http, tcp, cmd)`,
    });
  }
  for (const key of durations) {
    const text = health[key];
    if (text !== undefined && parseDuration(text) === undefined) {
      problems.push({
        path: [...path, key],
        message: `health ${key} ${quote(text)} is not ${durationForm}`,
      });
    }
  }
  return [...problems, ...checkWithoutEffect(health, chosen[0], path)];
}

/** A key that would be ignored is a misunderstanding, so it is refused. */
function checkWithoutEffect(health: HealthDefinition, probe: string | undefined, path: Path): Problem[] {
  const idle =
    probe === undefined
      ? (["route", "interval", "timeout"] as const)
      : probe === "cmd"
        ? (["route", "settle"] as const)
        : (["settle"] as const);
  const reason = probe === undefined ? "without http, tcp or cmd" : `with ${probe}`;
  return idle
    .filter((key) => health[key] !== undefined)
    .map((key) => ({ path: [...path, key], message: `health ${key} has no effect ${reason} (remove it)` }));
}
