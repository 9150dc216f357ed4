import type { Step, StepKind, StepOf } from "@metacircular/mcp-core/step.ts";
import type { Executor, StepContext } from "./step-context.ts";
import { awaitHealthy } from "./steps/await-healthy.ts";
import { checkContainerName } from "./steps/check-container-name.ts";
import { checkDisk } from "./steps/check-disk.ts";
import { checkNetwork } from "./steps/check-network.ts";
import { checkPorts } from "./steps/check-ports.ts";
import { checkRoutes } from "./steps/check-routes.ts";
import { checkStopped } from "./steps/check-stopped.ts";
import { checkVolumes } from "./steps/check-volumes.ts";
import { createContainer } from "./steps/create-container.ts";
import { createServiceDirectory } from "./steps/create-service-directory.ts";
import { drainBackend } from "./steps/drain-backend.ts";
import { forgetComponent } from "./steps/forget-component.ts";
import { forgetService } from "./steps/forget-service.ts";
import { provisionCertificate } from "./steps/provision-certificate.ts";
import { pullImage } from "./steps/pull-image.ts";
import { recordAdoption } from "./steps/record-adoption.ts";
import { recordComponent } from "./steps/record-component.ts";
import { recordDeclaration } from "./steps/record-declaration.ts";
import { recordDesiredState } from "./steps/record-desired-state.ts";
import { recordRevision } from "./steps/record-revision.ts";
import { recordService } from "./steps/record-service.ts";
import { registerRoute } from "./steps/register-route.ts";
import { removeCertificate } from "./steps/remove-certificate.ts";
import { removeContainer } from "./steps/remove-container.ts";
import { removeDns } from "./steps/remove-dns.ts";
import { removeRoute } from "./steps/remove-route.ts";
import { renameContainer } from "./steps/rename-container.ts";
import { setDns } from "./steps/set-dns.ts";
import { startContainer } from "./steps/start-container.ts";
import { stopContainer } from "./steps/stop-container.ts";

/** One executor for every kind of step: a kind without one does not compile. */
export type Executors = { readonly [Kind in StepKind]: Executor<StepOf<Kind>> };

export const executors: Executors = {
  "check-disk": checkDisk,
  "create-service-directory": createServiceDirectory,
  "check-container-name": checkContainerName,
  "check-network": checkNetwork,
  "check-volumes": checkVolumes,
  "check-stopped": checkStopped,
  "check-ports": checkPorts,
  "pull-image": pullImage,
  "create-container": createContainer,
  "start-container": startContainer,
  "await-healthy": awaitHealthy,
  "stop-container": stopContainer,
  "rename-container": renameContainer,
  "remove-container": removeContainer,
  "record-component": recordComponent,
  "record-desired-state": recordDesiredState,
  "record-declaration": recordDeclaration,
  "record-adoption": recordAdoption,
  "forget-component": forgetComponent,
  "record-service": recordService,
  "forget-service": forgetService,
  "record-revision": recordRevision,
  "check-routes": checkRoutes,
  "provision-certificate": provisionCertificate,
  "register-route": registerRoute,
  "remove-route": removeRoute,
  "drain-backend": drainBackend,
  "set-dns": setDns,
  "remove-dns": removeDns,
  "remove-certificate": removeCertificate,
};

export function execute(table: Executors, step: Step, context: StepContext): Promise<void> {
  const executor = table[step.kind] as Executor<Step>;
  return executor(step, context);
}
