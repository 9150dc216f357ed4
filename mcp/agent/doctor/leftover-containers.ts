import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { fine, type Judgement, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import { type Container, labels } from "../runtime/runtime.ts";
import type { Check } from "./check.ts";

/** Containers of ours that nothing accounts for. */
export const leftoverContainersCheck: Check = {
  name: "leftover-containers",
  async run({ node, registry, runtime, lockHolder }, signal) {
    const containers = await runtime.list(signal);
    const busy = new Set(registry.operations.unfinished().map(({ service }) => service));
    return judgeContainers(containers, {
      node,
      runtime: runtime.name,
      isBusy: (service) => busy.has(service) || lockHolder(service) !== undefined,
      isManaged: (service, component) => {
        const known = registry.components.get(service, component);
        return known !== undefined && known.desired !== "ignore";
      },
    });
  },
};

interface Accounts {
  readonly node: string;
  readonly runtime: string;
  /** Whether an operation is at work on the service, or will be. */
  readonly isBusy: (service: string) => boolean;
  readonly isManaged: (service: string, component: string) => boolean;
}

export function judgeContainers(containers: readonly Container[], accounts: Accounts): Judgement[] {
  const ours = containers.filter(({ labels: own }) => own[labels.service] !== undefined);
  const judged = ours.map((container) => judge(container, accounts)).filter((each) => each !== undefined);
  return judged.length > 0 ? judged : [fine("containers", `none is left over; ${ours.length} are MCP's`)];
}

function judge(container: Container, { node, runtime, isBusy, isManaged }: Accounts): Judgement | undefined {
  const service = container.labels[labels.service] ?? "";
  const component = container.labels[labels.component] ?? "";
  const owner = container.labels[labels.node] ?? node;
  const subject = `${container.name} (${container.state})`;
  const remove = `${runtime} rm --force ${container.name}`;
  if (isBusy(service)) return undefined;
  if (owner !== node) {
    const rename = `give the agent its old node_name = "${owner}" back, or remove it: ${remove}`;
    return warning(subject, `it was created for node ${owner}, but this is ${node}`, rename);
  }
  const named = `${service}/${component}`;
  if (!isManaged(service, component)) {
    return warning(
      subject,
      `it has labels of ${named}, which this node does not know`,
      `mcp deploy ${service}, or: ${remove}`,
    );
  }
  if (container.name === slotName(service, component, "next")) {
    return warning(subject, `an update of ${named} left it behind`, remove);
  }
  if (container.name === slotName(service, component, "previous")) {
    return warning(subject, `it is the version of ${named} before an update that has ended`, remove);
  }
  if (container.name !== slotName(service, component, "current")) {
    return warning(subject, `it has labels of ${named}, but another name`, remove);
  }
  return undefined;
}
