import { gauge, type MetricFamily, type Sample } from "@metacircular/mcdsl/metrics/exposition.ts";
import { isDrift } from "@metacircular/mcp-core/drift.ts";
import type { ComponentRecord } from "../registry/component-record.ts";
import { currentSight } from "../registry/tags.ts";
import type { Registry } from "../registry/registry.ts";

/** More than the components of a node can have. */
const mostAlerts = 10_000;

/** What the registry shows now. Series of components that are gone are not there any more.
 * @returns also the managed components, as `service/component` */
export function registryMetrics(registry: Registry): {
  families: MetricFamily[];
  managed: ReadonlySet<string>;
} {
  const components = registry.components.all().filter(({ desired }) => desired !== "ignore");
  const { sizeBytes, freeBytes } = registry.size();
  const active = registry.alerts.list({ service: "", active: true, limit: mostAlerts });
  const unfinished = registry.operations.unfinished().length;
  const sights = components.flatMap((component) => {
    const sight = currentSight(component, registry.tags);
    return sight === undefined
      ? []
      : [{ labels: { service: component.service, component: component.spec.name }, sight }];
  });
  const families: MetricFamily[] = [
    {
      name: "mcp_component_drift",
      help: "Whether a component is not in the state it should be in.",
      type: "gauge",
      samples: components.map((component) => ({
        labels: { service: component.service, component: component.spec.name },
        value: Number(isDrift(component.desired, component.observed.state)),
      })),
    },
    {
      name: "mcp_component_tag_moved",
      help: "Whether the tag of a running component's image names another image now.",
      type: "gauge",
      samples: sights.map(({ labels, sight }) => ({ labels, value: Number(sight.moved) })),
    },
    {
      name: "mcp_component_tag_checked_timestamp_seconds",
      help: "When it was last looked up what the tag of a component's image names; 0: never with success.",
      type: "gauge",
      samples: sights.map(({ labels, sight }) => ({ labels, value: sight.checkedAtMs / 1_000 })),
    },
    {
      name: "mcp_components",
      help: "Number of components, by desired and observed state.",
      type: "gauge",
      samples: counted(components.map(({ desired, observed }) => ({ desired, observed: observed.state }))),
    },
    {
      name: "mcp_alerts_active",
      help: "Number of alerts that last, by type.",
      type: "gauge",
      samples: counted(active.map(({ type }) => ({ type }))),
    },
    gauge("mcp_operations_in_progress", "Number of operations that are not finished.", unfinished),
    gauge("mcp_registry_size_bytes", "Size of the registry's file.", sizeBytes),
    gauge("mcp_registry_free_bytes", "Part of the registry's file that is free for reuse.", freeBytes),
  ];
  return { families, managed: new Set(components.map(pathOf)) };
}

function pathOf({ service, spec }: ComponentRecord): string {
  return `${service}/${spec.name}`;
}

/** How often each combination of labels occurs. */
function counted(combinations: readonly Readonly<Record<string, string>>[]): Sample[] {
  const groups = Map.groupBy(combinations, (labels) => JSON.stringify(labels));
  return [...groups].map(([key, { length }]) => ({
    labels: JSON.parse(key) as Sample["labels"],
    value: length,
  }));
}
