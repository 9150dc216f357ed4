import type { Adoption } from "../registry/component-record.ts";
import { labels, type Container, type Runtime } from "../runtime/runtime.ts";

/** The runtime as everybody in the agent sees it: containers that were taken over bear the labels that they would have
 * if MCP had created them. They are removed without their anonymous volumes, since nothing else has what is in those.
 * @param adoptions by the container's id; asked for with each call */
export function adoptingRuntime(runtime: Runtime, adoptions: () => ReadonlyMap<string, Adoption>): Runtime {
  const isAdopted = async (idOrName: string, signal: AbortSignal | undefined): Promise<boolean> => {
    const known = adoptions();
    if (known.size === 0) return false;
    const container = await runtime.inspect(idOrName, signal);
    return container !== undefined && known.has(container.id);
  };
  const own: Partial<Runtime> = {
    async list(signal) {
      const containers = await runtime.list(signal);
      const known = adoptions();
      return known.size === 0 ? containers : containers.map((container) => labelled(container, known));
    },
    async inspect(idOrName, signal) {
      const container = await runtime.inspect(idOrName, signal);
      return container === undefined ? undefined : labelled(container, adoptions());
    },
    async remove(id, signal) {
      await runtime.remove(id, signal, { keepVolumes: await isAdopted(id, signal) });
    },
    async removeStopped(id, signal) {
      await runtime.removeStopped(id, signal, { keepVolumes: await isAdopted(id, signal) });
    },
  };
  return new Proxy(runtime, {
    get(target, property) {
      const mine: unknown = Reflect.get(own, property);
      if (mine !== undefined) return mine;
      const member: unknown = Reflect.get(target, property);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

function labelled<Listed extends Container>(container: Listed, known: ReadonlyMap<string, Adoption>): Listed {
  const adoption = known.get(container.id);
  if (adoption === undefined) return container;
  const { service, component, specHash } = adoption;
  return {
    ...container,
    labels: {
      ...container.labels,
      [labels.service]: service,
      [labels.component]: component,
      [labels.specHash]: specHash,
    },
  };
}
