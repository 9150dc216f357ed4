import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Deployer } from "../deploy/deploy.ts";
import type { Diagnosis } from "../doctor/diagnosis.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { Files } from "../files/files.ts";
import type { ImagePushes } from "../images/image-pushes.ts";
import type { AlertCommand } from "../monitor/alert.ts";
import type { Observer } from "../monitor/observe.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What the RPCs call. */
export interface RpcContext {
  readonly node: string;
  readonly version: string;
  readonly servicesDir: string;
  readonly startedAtMs: number;
  readonly deployer: Deployer;
  readonly registry: Registry;
  readonly runtime: Runtime;
  readonly observer: Observer;
  readonly reconciler: Pick<Reconciler, "isEnabled">;
  readonly files: Files;
  readonly imagePushes: ImagePushes;
  readonly alertCommand: Pick<AlertCommand, "argv" | "try">;
  readonly diagnose: Diagnosis;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly newId: () => string;
}
