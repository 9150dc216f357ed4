import { basename, dirname, resolve } from "node:path";

import { readEnvFile } from "../compose/dotenv.ts";
import { inDefinition } from "../compose/environment.ts";
import { healthTable } from "../compose/health.ts";
import type { Located } from "../compose/located.ts";
import { portsOf } from "../compose/ports.ts";
import { volumesOf } from "../compose/volumes.ts";
import { splitWords } from "../../words.ts";
import { fullImage, type ImportedComponent, type Surroundings } from "../imported.ts";
import type { Place } from "../report.ts";
import { reasonFor } from "./keys.ts";
import { withoutSpecifiers } from "./specifiers.ts";
import { type Assignment, unitWords } from "./unit.ts";

/** What a container unit is read in. */
export interface UnitScope {
  /** Name of the service it becomes part of. */
  readonly service: string;
  readonly surroundings: Surroundings;
  /** What a `.volume` or `.network` unit is called on the node. */
  readonly nameOnNode: (unit: string) => string;
}

/** A `.container` unit as a component.
 * @param name what the component is called */
export async function containerComponent(
  file: string,
  assignments: readonly Assignment[],
  name: string,
  scope: UnitScope,
): Promise<ImportedComponent> {
  const unit = new Unit(file, assignments, scope);
  unit.noteLeftOut();
  const { surroundings } = scope;
  const image = unit.last("Container", "Image");
  const place = image?.place ?? { file, line: 1 };
  const network = unit.network();
  const reachable = network !== "host" && network !== "none";
  if (!reachable) unit.notePorts(network);
  unit.noteContainerName(name === scope.service ? name : `${scope.service}-${name}`);
  return {
    name,
    image: fullImage(name, /\.(build|image)$/.test(image?.value ?? "") ? "" : (image?.value ?? ""), {
      place,
      key: "Container.Image",
      surroundings,
    }),
    network,
    user: unit.user(),
    restart: unit.restart(),
    ports: reachable
      ? portsOf(unit.located("PublishPort"), "Container.PublishPort", surroundings.report)
      : [],
    volumes: volumesOf(unit.located("Volume"), "Container.Volume", {
      directory: dirname(file),
      home: surroundings.home,
      volumeName: scope.nameOnNode,
      report: surroundings.report,
    }),
    cmd: unit.command(),
    env: await unit.environment(),
    health: unit.health(),
    place,
  };
}

class Unit {
  readonly #file: string;
  readonly #assignments: readonly Assignment[];
  readonly #scope: UnitScope;

  constructor(file: string, assignments: readonly Assignment[], scope: UnitScope) {
    this.#file = file;
    this.#assignments = assignments.map((assignment) =>
      reasonFor(assignment.section, assignment.key) === undefined &&
      assignment.section !== "Install" &&
      assignment.section !== "Unit"
        ? { ...assignment, value: withoutSpecifiers(assignment, scope.surroundings) }
        : assignment,
    );
    this.#scope = scope;
  }

  all(section: string, key: string): readonly Assignment[] {
    return this.#assignments.filter((each) => each.section === section && each.key === key);
  }

  last(section: string, key: string): Assignment | undefined {
    return this.all(section, key).at(-1);
  }

  #note(
    kind: "left-out" | "changed" | "problem",
    { place, section, key }: Assignment,
    message: string,
  ): void {
    this.#scope.surroundings.report.add(kind, place, `${section}.${key}`, message);
  }

  noteLeftOut(): void {
    for (const assignment of this.#assignments) {
      const reason = reasonFor(assignment.section, assignment.key);
      if (reason !== undefined) this.#note("left-out", assignment, reason);
    }
  }

  noteContainerName(becomes: string): void {
    const given = this.last("Container", "ContainerName");
    if (given !== undefined && given.value !== becomes)
      this.#note("changed", given, `the container is called ${becomes}`);
  }

  notePorts(network: string): void {
    for (const port of this.all("Container", "PublishPort"))
      this.#note("left-out", port, `ports mean nothing in network ${network}`);
  }

  /** The values of a key as a list that knows its lines. */
  located(key: string): Located {
    const items = this.all("Container", key).map(({ value, place }): Located => ({
      kind: "scalar",
      text: value,
      place,
    }));
    const place: Place = items[0]?.place ?? { file: this.#file, line: 1 };
    return { kind: "list", items, place };
  }

  network(): string {
    const [first, ...others] = this.all("Container", "Network");
    for (const other of others)
      this.#note("left-out", other, `a component joins one network, that of the line above`);
    if (first === undefined) return "";
    const [network = "", ...options] = first.value.split(":");
    if (network === "container") {
      this.#note(
        "left-out",
        first,
        "components cannot share a network; they reach each other in a common one",
      );
      return "";
    }
    if (options.length > 0) this.#note("left-out", first, "only the network itself can be declared");
    if (network === "host" || network === "none") return network;
    if (["bridge", "private", "slirp4netns", "pasta"].includes(network)) return "";
    const name = this.#scope.nameOnNode(network);
    this.#note(
      "changed",
      first,
      `the node must have network ${name}, which podman network create ${name} makes`,
    );
    return name;
  }

  user(): string {
    const [user, group] = [this.last("Container", "User"), this.last("Container", "Group")];
    if (group === undefined) return user?.value ?? "";
    if (user !== undefined) return `${user.value}:${group.value}`;
    this.#note("left-out", group, "a group needs a user");
    return "";
  }

  restart(): string {
    const restart = this.last("Service", "Restart");
    switch (restart?.value ?? "no") {
      case "no":
      case "on-success":
        return "no";
      case "always":
        return "unless-stopped";
      default:
        if (restart !== undefined && restart.value !== "on-failure")
          this.#note("changed", restart, "it becomes on-failure");
        return "on-failure";
    }
  }

  command(): string[] {
    const exec = this.last("Container", "Exec");
    if (exec === undefined) return [];
    if (/(^|[^$])\$(\{|[A-Za-z_])/.test(exec.value))
      this.#note("changed", exec, "variables in it stay as they are; systemd would replace them");
    return unitWords(exec.value).map((word) => word.replaceAll("$$", "$"));
  }

  async environment(): Promise<string[]> {
    const result = new Map<string, string>();
    for (const assignment of this.all("Container", "EnvironmentFile"))
      await this.#addFile(result, assignment);
    for (const assignment of this.all("Container", "Environment")) {
      for (const word of unitWords(assignment.value)) {
        const equals = word.indexOf("=");
        if (equals > 0 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(word.slice(0, equals)))
          result.set(word.slice(0, equals), word.slice(equals + 1));
        else
          this.#note(
            "left-out",
            assignment,
            `${JSON.stringify(equals < 0 ? word : word.slice(0, equals))} is not a name with a value`,
          );
      }
    }
    return [...result].map(([name, value]) => `${name}=${value}`);
  }

  async #addFile(result: Map<string, string>, assignment: Assignment): Promise<void> {
    const isOptional = assignment.value.startsWith("-");
    const path = resolve(dirname(this.#file), assignment.value.slice(isOptional ? 1 : 0));
    const text = await this.#scope.surroundings.read(path);
    if (text === undefined) return this.#note("left-out", assignment, `${path} cannot be read here`);
    const found = readEnvFile(text.replaceAll("$", "$$$$"), () => undefined);
    for (const [name, value] of found) if (/^\w+$/.test(name)) result.set(name, value);
    this.#note("changed", assignment, inDefinition(found.size, basename(path)));
  }

  health(): Record<string, unknown> | undefined {
    const check = this.last("Container", "HealthCmd");
    if (check === undefined || check.value === "none") return undefined;
    const value = (key: string): string | undefined => this.last("Container", key)?.value;
    return healthTable(
      {
        argv: healthCommand(check.value),
        interval: value("HealthInterval"),
        timeout: value("HealthTimeout"),
        startPeriod: value("HealthStartPeriod"),
        retries: value("HealthRetries"),
      },
      { place: check.place, key: "Container.HealthCmd", report: this.#scope.surroundings.report },
    );
  }
}

/** As podman reads it: a JSON list of words, else a line for the shell; `CMD` and `CMD-SHELL` may stand before. */
function healthCommand(text: string): string[] {
  if (text.startsWith("[")) {
    try {
      const words: unknown = JSON.parse(text);
      if (Array.isArray(words)) return words.map(String).slice(words[0] === "CMD" ? 1 : 0);
    } catch {
      return ["/bin/sh", "-c", text];
    }
  }
  if (text.startsWith("CMD ")) return splitWords(text.slice("CMD ".length)) ?? [];
  return ["/bin/sh", "-c", text.replace(/^CMD-SHELL /, "")];
}
