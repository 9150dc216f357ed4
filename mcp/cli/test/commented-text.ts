import { specToDefinition } from "@metacircular/mcp-core/definition/convert.ts";
import {
  type ComponentSpec,
  defaultHealth,
  type RouteSpec,
  type ServiceSpec,
} from "@metacircular/mcp-core/spec.ts";
import fc from "fast-check";

import { isTable, isTables, printEntry, printValue, sameValue, type Table } from "../toml/print.ts";

/** A comment and what it stands at. */
export interface Comment {
  readonly text: string;
  /** Tables it stands in, by the name of the component and the name of the route; `health`. */
  readonly within: readonly string[];
  /** The key on its line; undefined: it has a line of its own. */
  readonly key: string | undefined;
  /** The entry of the list on its line; `inList`: it stands between entries. */
  readonly element: unknown;
}

const inList = Symbol("between the entries of a list");

const subset = (...items: string[]): fc.Arbitrary<string[]> => fc.subarray(items);

const route = (name: string, owner: string): fc.Arbitrary<RouteSpec> =>
  fc.record({
    name: fc.constant(name),
    port: fc.constantFrom(443, 8443),
    mode: fc.constantFrom("l4", "l7"),
    hostname: fc.constantFrom(`${name}-${owner}.example.net`, `${name}-${owner}.example.org`),
  });

const component = (name: string): fc.Arbitrary<ComponentSpec> =>
  fc
    .record({
      name: fc.constant(name),
      image: fc.constantFrom(`localhost/${name}:v1`, `localhost/${name}:v2`),
      network: fc.constantFrom("", "lan", "wan"),
      user: fc.constantFrom("", "1000:1000"),
      restart: fc.constantFrom("unless-stopped", "always", "no"),
      ports: fc.constant([]),
      volumes: subset("/srv/a:/a", "/srv/b:/b:ro", "/srv/c:/c"),
      cmd: subset("serve", "--verbose", 'say "hi" # loud', "a\nb"),
      env: subset("A=1", "B=two words", "C=#3", "D=]", "E=e,f"),
      routes: fc
        .tuple(route("web", name), route("admin", name), route("api", name))
        .chain((routes) => fc.shuffledSubarray(routes)),
      update: fc.constantFrom("auto", "stop-first"),
      probe: fc.constantFrom("settle", "cmd", "tcp"),
      intervalMs: fc.constantFrom(500, 1_000),
      deadlineMs: fc.constantFrom(60_000, 90_000),
    })
    .map(({ probe, intervalMs, deadlineMs, ...rest }) => ({
      ...rest,
      health: {
        ...defaultHealth,
        intervalMs: probe === "settle" ? 500 : intervalMs,
        deadlineMs,
        probe:
          probe === "cmd"
            ? { kind: "cmd", argv: ["/check", "it"] }
            : probe === "tcp" && rest.routes.length > 0
              ? { kind: "tcp", route: "" }
              : { kind: "settle" },
      },
    }))
    .map((spec) =>
      spec.health.probe.kind === "settle" ? { ...spec, health: { ...spec.health, intervalMs: 500 } } : spec,
    ) as fc.Arbitrary<ComponentSpec>;

/** Specs of one service that resemble each other. */
export const specs: fc.Arbitrary<ServiceSpec> = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom(undefined, true, false),
    fc
      .tuple(component("db"), component("cache"), component("front"), component("worker"))
      .chain((all) => fc.shuffledSubarray(all, { minLength: 1 })),
  )
  .map(([active, reconcile, components]) => ({
    name: "shop",
    node: "rift",
    active,
    ...(reconcile === undefined ? {} : { reconcile }),
    components,
  }));

/** A file as somebody could have written it who declares the spec, full of comments.
 * @param dice a number from 0 to 999 */
export function commentedText(spec: ServiceSpec, dice: () => number): { text: string; comments: Comment[] } {
  const writer = new Writer(dice);
  const text = writer.document(specToDefinition(spec));
  return { text, comments: writer.comments };
}

/** Whether a comment has to survive the change from one spec to the other. */
export function isKept({ within, key, element }: Comment, before: ServiceSpec, after: ServiceSpec): boolean {
  const [was, is] = [before, after].map((spec) => tableAt(specToDefinition(spec), within));
  if (was === undefined || is === undefined) return false;
  if (element === inList) return [was, is].every((table) => table[key ?? ""] !== undefined);
  if (element !== undefined)
    return [was, is].every((table) => (table[key ?? ""] as unknown[] | undefined)?.includes(element));
  return key === undefined || sameValue(was[key], is[key]);
}

function tableAt(definition: Table, [component, inner]: readonly string[]): Table | undefined {
  if (component === undefined) return definition;
  const found = byName(definition["components"], component);
  if (inner === undefined || found === undefined) return found;
  if (inner !== "health") return byName(found["routes"], inner);
  return isTable(found["health"]) ? found["health"] : undefined;
}

function byName(tables: unknown, name: string): Table | undefined {
  return isTables(tables) ? tables.find((table) => table["name"] === name) : undefined;
}

class Writer {
  readonly comments: Comment[] = [];
  readonly #dice: () => number;

  constructor(dice: () => number) {
    this.#dice = dice;
  }

  #chance(percent: number): boolean {
    return this.#dice() % 100 < percent;
  }

  #comment(within: readonly string[], key?: string, element?: unknown): string {
    const text = `# c${this.comments.length}`;
    this.comments.push({ text, within, key, element });
    return `${text}${this.#chance(20) ? " , ] \" ' [x] = 1" : " "}`;
  }

  document(definition: Table): string {
    const { components, ...top } = definition;
    const lines = this.#chance(50) ? [this.#comment([]), ""] : [];
    lines.push(
      ...this.#body([], {
        ...(this.#chance(30) ? { active: true } : {}),
        ...top,
        ...(this.#chance(30) ? { path: "src" } : {}),
      }),
    );
    const list = isTables(components) ? components : [];
    if (this.#chance(15)) lines.push(...this.#inlineComponents(list));
    else for (const component of list) lines.push(...this.#component(component));
    const newline = this.#chance(25) ? "\r\n" : "\n";
    return lines.join(newline) + (this.#chance(80) ? newline : "");
  }

  #inlineComponents(list: readonly Table[]): string[] {
    const lines = list.map((component) => {
      const name = String(component["name"]);
      return `  ${printValue(component)},${this.#chance(50) ? ` ${this.#comment([name], "*").trimEnd()}` : ""}`;
    });
    return ["components = [", ...lines, "]"];
  }

  #component(component: Table): string[] {
    const { routes, health, ...rest } = component;
    const within = [String(rest["name"])];
    const lines = this.#chance(70) ? [""] : [];
    if (this.#chance(50)) lines.push(this.#comment(within));
    lines.push(`[[components]]${this.#chance(30) ? ` ${this.#comment(within)}` : ""}`);
    const written = this.#chance(30) ? { restart: "unless-stopped", ...rest } : { ...rest };
    const routesInline = isTables(routes) && this.#chance(30);
    if (routesInline) Object.assign(written, { routes });
    const sections = isTables(routes) && !routesInline ? this.#routes(within, routes) : [];
    if (!isTable(health)) return [...lines, ...this.#body(within, written), ...sections];
    return [...lines, ...this.#withHealth(within, written, sections, health)];
  }

  #withHealth(within: readonly string[], table: Table, sections: readonly string[], health: Table): string[] {
    const style = this.#dice() % 3;
    if (style === 0) return [...this.#body(within, { ...table, health }), ...sections];
    const body = this.#body(within, table);
    if (style === 1) {
      const dotted = Object.entries(health).map(([key, value]) => `health.${printEntry(key, value)}`);
      return [...body, ...dotted, ...sections];
    }
    const last = this.#section([...within, "health"], "[components.health]", health);
    return this.#chance(50) ? [...body, ...last, ...sections] : [...body, ...sections, ...last];
  }

  #routes(within: readonly string[], routes: readonly Table[]): string[] {
    return routes.flatMap((route) =>
      this.#section([...within, String(route["name"])], "[[components.routes]]", route),
    );
  }

  #section(within: readonly string[], header: string, table: Table): string[] {
    const lines = this.#chance(50) ? [""] : [];
    if (this.#chance(40)) lines.push(this.#comment(within));
    return [...lines, header, ...this.#body(within, table)];
  }

  #body(within: readonly string[], table: Table): string[] {
    const entries = Object.entries(table);
    const turned = this.#chance(40) ? entries.toReversed() : entries;
    return turned.flatMap(([key, value]) => {
      const above = this.#chance(20) ? [this.#comment(within)] : [];
      const lines =
        Array.isArray(value) && value.length > 0 && !isTables(value)
          ? this.#list(within, key, value)
          : undefined;
      if (lines !== undefined) return [...above, ...lines];
      const trailing = this.#chance(30) ? ` ${this.#comment(within, key)}` : "";
      return [...above, `${key}  = ${printValue(value)}${trailing}`];
    });
  }

  #list(within: readonly string[], key: string, values: readonly unknown[]): string[] | undefined {
    const style = this.#dice() % 4;
    if (style < 2) return undefined;
    const last = values.length - 1;
    const lines = values.map((value, index) => {
      const comma = index < last || this.#chance(50) ? "," : "";
      return `    ${printValue(value)}${comma}${this.#chance(40) ? ` ${this.#comment(within, key, value)}` : ""}`;
    });
    if (this.#chance(30)) lines.splice(1, 0, `    ${this.#comment(within, key, inList)}`);
    if (style === 2 || lines.some((line) => line.includes("#"))) return [`${key} = [`, ...lines, "]"];
    return [`${key} = [ ${lines.join("\n").trim()} ]`];
  }
}
