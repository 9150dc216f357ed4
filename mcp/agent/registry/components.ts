import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { DesiredState } from "@metacircular/mcp-core/spec.ts";
import type { Adoption, ComponentRecord, Observation } from "./component-record.ts";
import { componentFromRow, createComponentLists } from "./component-rows.ts";

/** Table `components` and the lists that hang on it. */
export interface ComponentTable {
  /** In the order of service and declaration. */
  all(): ComponentRecord[];
  ofService(service: string): ComponentRecord[];
  get(service: string, component: string): ComponentRecord | undefined;
  /** Creates or replaces what is declared of a component; the service must exist. */
  record(
    entry: Omit<ComponentRecord, "observed" | "adoptedContainer" | "deployedSpecHash"> & {
      readonly position: number;
      /** Default: as it is recorded. */
      readonly deployedSpecHash?: string;
    },
  ): void;
  /** Makes a container that somebody else created the component's own, as it is declared now. */
  recordAdoption(service: string, component: string, containerId: string): void;
  /** The component has another container now. */
  endAdoption(service: string, component: string): void;
  /** The containers that were taken over, by id. */
  adoptions(): Map<string, Adoption>;
  setDesired(service: string, component: string, desired: DesiredState): void;
  setObserved(service: string, component: string, observation: Observation): void;
  forget(service: string, component: string): void;
}

export function createComponentTable(database: Database, clock: Clock): ComponentTable {
  const { sql } = database;
  const lists = createComponentLists(database);
  const all = sql.prepare("SELECT * FROM components ORDER BY service, position, name");
  const ofService = sql.prepare("SELECT * FROM components WHERE service = ? ORDER BY position, name");
  const one = sql.prepare("SELECT * FROM components WHERE service = ? AND name = ?");
  const upsert = sql.prepare(`INSERT INTO components (service, name, position, image, network, user_spec,
      restart, update_strategy, health, desired_state, version, image_digest, deployed_spec_hash, created_at, updated_at)
    VALUES (:service, :name, :position, :image, :network, :user, :restart, :update, :health, :desired,
      :version, :digest, coalesce(:deployed, ''), :now, :now)
    ON CONFLICT (service, name) DO UPDATE SET position = :position, image = :image, network = :network,
      user_spec = :user, restart = :restart, update_strategy = :update, health = :health,
      desired_state = :desired, version = :version, image_digest = :digest,
      deployed_spec_hash = coalesce(:deployed, deployed_spec_hash), updated_at = :now`);
  const desire = sql.prepare(
    "UPDATE components SET desired_state = ?, updated_at = ? WHERE service = ? AND name = ?",
  );
  const observe = sql.prepare(`UPDATE components SET observed_state = :state, observed_at = :at,
    observed_from = :from, exit_code = :exitCode, started_at = :startedAt,
    observed_spec_hash = :specHash
    WHERE service = :service AND name = :name`);
  const adopt = sql.prepare(
    "UPDATE components SET adopted_container = ?, adopted_spec_hash = ? WHERE service = ? AND name = ?",
  );
  const adopted = sql.prepare(
    "SELECT service, name, adopted_container, adopted_spec_hash FROM components WHERE adopted_container != ''",
  );
  const remove = sql.prepare("DELETE FROM components WHERE service = ? AND name = ?");
  const now = () => new Date(clock.now()).toISOString();
  const load = (row: Record<string, unknown>) => componentFromRow(row, lists);
  return {
    all: () => all.all().map(load),
    ofService: (service) => ofService.all(service).map(load),
    get(service, component) {
      const row = one.get(service, component);
      return row === undefined ? undefined : load(row);
    },
    record({ service, spec, desired, hostPorts, version, imageDigest, deployedSpecHash, position }) {
      upsert.run({
        service,
        name: spec.name,
        position,
        image: spec.image,
        network: spec.network,
        user: spec.user,
        restart: spec.restart,
        update: spec.update,
        health: JSON.stringify(spec.health),
        desired,
        version,
        digest: imageDigest,
        deployed: deployedSpecHash ?? null,
        now: now(),
      });
      lists.replace(service, spec, hostPorts);
    },
    setDesired(service, component, desired) {
      desire.run(desired, now(), service, component);
    },
    setObserved(service, component, { state, atMs, from, exitCode, startedAtMs, specHash }) {
      observe.run({
        state,
        at: isoOrEmpty(atMs),
        from,
        exitCode: exitCode ?? null,
        startedAt: isoOrEmpty(startedAtMs),
        specHash,
        service,
        name: component,
      });
    },
    recordAdoption(service, component, containerId) {
      const row = one.get(service, component);
      const hash = row === undefined ? "" : containerHash(load(row).spec);
      adopt.run(containerId, hash, service, component);
    },
    endAdoption(service, component) {
      adopt.run("", "", service, component);
    },
    adoptions: () =>
      new Map(
        adopted.all().map((row) => {
          const adoption = { service: String(row["service"]), component: String(row["name"]) };
          const specHash = String(row["adopted_spec_hash"]);
          return [String(row["adopted_container"]), { ...adoption, specHash }];
        }),
      ),
    forget(service, component) {
      remove.run(service, component);
    },
  };
}

function isoOrEmpty(timeMs: number): string {
  return timeMs === 0 ? "" : new Date(timeMs).toISOString();
}
