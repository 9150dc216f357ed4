import type { RegisteredComponent, RegisteredService } from "./registered.ts";
import { componentHash } from "./spec-hash.ts";
import type { ComponentSpec, ServiceSpec } from "./spec.ts";
import type { Step } from "./step.ts";

/** What a sync depends on. */
interface SyncInput {
  readonly registered: RegisteredService | undefined;
  /** Declared components whose container name somebody else's container has. */
  readonly taken: ReadonlySet<string>;
}

/** Steps that bring the registry to what is declared, and stop what is inactive. Nothing is started, replaced or
 * removed: a deploy does that. A component whose name somebody else's container has is left out, and one that is
 * no longer declared stays. Pure. */
export function syncComponents(
  declared: ServiceSpec,
  { registered, taken }: SyncInput,
  stop: (component: string) => Step[],
): Step[][] {
  const recorded = new Map(registered?.components.map((component) => [component.spec.name, component]));
  const undeclared = [...recorded.values()].filter(
    ({ spec }) => !declared.components.some(({ name }) => name === spec.name),
  );
  return [
    ...declared.components
      .filter(({ name }) => recorded.has(name) || !taken.has(name))
      .map((spec) => [
        ...recordDeclared(spec, declared.active, recorded.get(spec.name)),
        ...(declared.active ? [] : stop(spec.name)),
      ]),
    ...(declared.active ? [] : undeclared.map((component) => stopUndeclared(component, stop))),
  ];
}

/** Declared components that cannot be entered, since a container that MCP does not manage has their name. */
export function blockedComponents(declared: ServiceSpec, { registered, taken }: SyncInput): ComponentSpec[] {
  const isRecorded = (name: string) => registered?.components.some(({ spec }) => spec.name === name) === true;
  return declared.components.filter(({ name }) => taken.has(name) && !isRecorded(name));
}

function recordDeclared(
  spec: ComponentSpec,
  active: boolean,
  recorded: RegisteredComponent | undefined,
): Step[] {
  const desired = active ? "running" : "stopped";
  if (recorded?.desired === desired && componentHash(recorded.spec) === componentHash(spec)) return [];
  return [{ kind: "record-declaration", component: spec.name, spec, desired }];
}

function stopUndeclared({ spec, desired }: RegisteredComponent, stop: (component: string) => Step[]): Step[] {
  const { name } = spec;
  const recorded: Step[] =
    desired === "stopped" ? [] : [{ kind: "record-desired-state", component: name, desired: "stopped" }];
  return [...recorded, ...stop(name)];
}
