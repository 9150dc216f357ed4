import type { Context } from "../context.ts";
import { definedServices, findDefinition } from "../definitions/find.ts";
import type { LiveNames } from "./candidates.ts";

/** Longest time that a person waits for the Tab key. */
const patienceMs = 1_000;

/** Names from the configuration, the definition files and, where they answer quickly, the nodes. */
export function createLiveNames(context: Context): LiveNames {
  const directory = context.config.servicesDirectory;
  return {
    nodes: async () => context.config.nodes.map(({ name }) => name),
    async services() {
      const [files, registered] = await Promise.all([
        definedServices(directory),
        registeredComponents(context),
      ]);
      return sorted([...files, ...registered.map(({ service }) => service)]);
    },
    async components(service) {
      const [loaded, registered] = await Promise.all([
        findDefinition(directory, service).catch(() => undefined),
        registeredComponents(context),
      ]);
      const declared = (loaded?.definition.components ?? []).map(({ name }) => name);
      const running = registered.filter((each) => each.service === service).map(({ component }) => component);
      return sorted([...declared, ...running].map((name) => `${service}/${name}`));
    },
    async images(service) {
      const loaded = await findDefinition(directory, service).catch(() => undefined);
      const names = Object.keys(loaded?.definition.build?.images ?? {});
      return sorted(names.map((name) => `${service}/${name}`));
    },
  };
}

async function registeredComponents({ nodes }: Context): Promise<{ service: string; component: string }[]> {
  const listed = await nodes
    .ask((agent, signal) => agent.listServices({}, { signal, timeoutMs: patienceMs }))
    .catch(() => ({ answers: [] }));
  return listed.answers.flatMap(({ value }) =>
    value.services.flatMap(({ name, components }) =>
      components
        .filter(({ desiredState }) => desiredState !== "ignore")
        .map((component) => ({ service: name, component: component.name })),
    ),
  );
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}
