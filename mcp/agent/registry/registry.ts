import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import type { RegisteredService } from "@metacircular/mcp-core/registered.ts";
import { createAlertTable, type AlertTable } from "./alerts.ts";
import { createComponentTable, type ComponentTable } from "./components.ts";
import { createEdgeEffectTable, type EdgeEffectTable } from "./edge-effects.ts";
import { createEventTable, type EventTable } from "./events.ts";
import { initial } from "./migrations/001-initial.ts";
import { adoption } from "./migrations/002-adoption.ts";
import { repairs } from "./migrations/003-repairs.ts";
import { alerts } from "./migrations/004-alerts.ts";
import { uploads } from "./migrations/005-uploads.ts";
import { retention } from "./migrations/006-retention.ts";
import { deployed } from "./migrations/007-deployed.ts";
import { edge } from "./migrations/008-edge.ts";
import { tags } from "./migrations/009-tags.ts";
import { imageDigests } from "./migrations/010-image-digests.ts";
import { createImageDigestTable, type ImageDigestTable } from "./image-digests.ts";
import { createNodeFactTable, type NodeFactTable } from "./node-facts.ts";
import { createOperationTable, type OperationTable } from "./operations.ts";
import { createForgetPast, type ForgetPast } from "./past.ts";
import { createRepairTable, type RepairTable } from "./repairs.ts";
import { createRevisionTable, type RevisionTable } from "./revisions.ts";
import { createServiceTable, type ServiceTable } from "./services.ts";
import { createTagTable, type TagTable } from "./tags.ts";
import { createUploadTable, type UploadTable } from "./uploads.ts";

/** Everything the agent knows about its node, in one SQLite file. */
export interface Registry extends Disposable {
  readonly services: ServiceTable;
  readonly components: ComponentTable;
  readonly events: EventTable;
  readonly operations: OperationTable;
  readonly revisions: RevisionTable;
  readonly repairs: RepairTable;
  readonly nodeFacts: NodeFactTable;
  readonly uploads: UploadTable;
  readonly alerts: AlertTable;
  readonly edge: EdgeEffectTable;
  readonly tags: TagTable;
  readonly imageDigests: ImageDigestTable;
  /** The service with the components that MCP is responsible for, or undefined. */
  service(name: string): RegisteredService | undefined;
  readonly forgetPast: ForgetPast;
  /** Of its file: as a whole, and what of it is free for reuse. */
  size(): { readonly sizeBytes: number; readonly freeBytes: number };
  /** All or nothing. */
  transaction<Result>(body: () => Result): Result;
}

export const migrations = [
  initial,
  adoption,
  repairs,
  alerts,
  uploads,
  retention,
  deployed,
  edge,
  tags,
  imageDigests,
];

export function openRegistry(file: string, clock: Clock): Registry {
  const database = openDatabase({ file, migrations });
  const services = createServiceTable(database, clock);
  const components = createComponentTable(database, clock);
  const sizes = database.sql.prepare(
    "SELECT * FROM pragma_page_size, pragma_page_count, pragma_freelist_count",
  );
  return {
    services,
    components,
    events: createEventTable(database),
    operations: createOperationTable(database, clock),
    revisions: createRevisionTable(database, clock),
    repairs: createRepairTable(database),
    nodeFacts: createNodeFactTable(database),
    uploads: createUploadTable(database, clock),
    alerts: createAlertTable(database),
    edge: createEdgeEffectTable(database),
    tags: createTagTable(database),
    imageDigests: createImageDigestTable(database),
    service(name) {
      const active = services.isActive(name);
      const managed = components.ofService(name).filter((component) => component.desired !== "ignore");
      if (active === undefined || managed.length === 0) return undefined;
      return { name, active, reconcile: services.reconcile(name), components: managed };
    },
    forgetPast: createForgetPast(database),
    size() {
      const row = sizes.get() ?? {};
      const pageBytes = Number(row["page_size"]);
      return {
        sizeBytes: pageBytes * Number(row["page_count"]),
        freeBytes: pageBytes * Number(row["freelist_count"]),
      };
    },
    transaction: (body) => database.transaction(body),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}
