import type { ObservedContainer } from "./observed.ts";
import { type Step, edgeKinds, harmlessKinds } from "./step.ts";

export interface OutdatedImages {
  /** References that name another image in their registry than on the node, or may: they are pulled anew before a
   * container is made from them. Default: none. */
  readonly outdatedImages?: ReadonlySet<string>;
}

interface PreparationInput extends OutdatedImages {
  readonly observed: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** The authority looks a host name up before it issues a certificate for it. */
  readonly namesFirst: boolean;
}

/** Puts first what cannot hurt, with the checks that belong to the steps: checks answer at once, pulls take their
 * time, and a certificate is wasted where one of them fails. Pure. */
export function prepared(steps: readonly Step[], input: PreparationInput): Step[] {
  const certificates = steps.filter(({ kind }) => kind === "provision-certificate");
  const checks = steps.filter(({ kind }) => kind === "check-routes");
  const names =
    input.namesFirst && certificates.length > 0 ? steps.filter(({ kind }) => kind === "set-dns") : [];
  const harmless = steps.flatMap((step) => preparation(step, input));
  const pulls = harmless.filter(({ kind }) => kind === "pull-image");
  const first = new Set<Step>([...certificates, ...checks, ...names]);
  return [
    ...(harmless.length > 0
      ? ([
          { kind: "check-disk", component: "" },
          { kind: "create-service-directory", component: "" },
        ] as const)
      : []),
    ...harmless.filter((step) => !pulls.includes(step)),
    ...checks,
    ...pulls,
    ...names,
    ...certificates,
    ...steps.filter((step) => !first.has(step)),
  ];
}

/** Whether a step changes more than what is outside of the service's containers and its registry. */
export function isChange({ kind }: Step): boolean {
  return !edgeKinds.has(kind) && !harmlessKinds.has(kind);
}

function preparation(step: Step, { observed, outdatedImages }: PreparationInput): Step[] {
  if (step.kind !== "create-container") return [];
  const { component, spec, hostPorts } = step;
  const { network, volumes } = spec;
  const image = step.image ?? spec.image;
  const routePorts = Object.values(hostPorts).map((port) => `127.0.0.1:${port}:${port}`);
  const ports = [...spec.ports, ...routePorts];
  const hasOwn = (observed.get(component) ?? []).some((container) => container.slot === step.slot);
  return [
    ...(hasOwn ? [] : [{ kind: "check-container-name", component } as const]),
    ...(network === "" ? [] : [{ kind: "check-network", component, network } as const]),
    ...(volumes.length === 0 ? [] : [{ kind: "check-volumes", component, volumes } as const]),
    ...(ports.length === 0 ? [] : [{ kind: "check-ports", component, ports } as const]),
    {
      kind: "pull-image",
      component,
      image,
      ...(outdatedImages?.has(image) === true ? { refresh: true } : {}),
    },
  ];
}
