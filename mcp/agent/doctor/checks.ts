import { alertCommandCheck } from "./alert-command.ts";
import { certificateCheck } from "./certificate.ts";
import type { Check } from "./check.ts";
import { clockCheck } from "./clock.ts";
import { diskCheck } from "./disk.ts";
import { edgeCertificatesCheck } from "./edge-certificates.ts";
import { edgePendingCheck } from "./edge-pending.ts";
import { edgeServicesCheck } from "./edge-services.ts";
import { exitWatchCheck } from "./exit-watch.ts";
import { imageRegistryCheck } from "./image-registry.ts";
import { leftoverContainersCheck } from "./leftover-containers.ts";
import { limitsCheck } from "./limits.ts";
import { lingeringCheck } from "./lingering.ts";
import { operationsCheck } from "./operations.ts";
import { ownTokenCheck } from "./own-token.ts";
import { permissionsCheck } from "./permissions.ts";
import { registryCheck } from "./registry.ts";
import { runtimeCheck } from "./runtime.ts";
import { snapshotsCheck } from "./snapshots.ts";
import { subordinateIdsCheck } from "./subordinate-ids.ts";
import { temporaryFilesCheck } from "./temporary-files.ts";

/** Everything that a node is checked for, in the order of the answer. */
export const checks: readonly Check[] = [
  runtimeCheck,
  subordinateIdsCheck,
  lingeringCheck,
  exitWatchCheck,
  diskCheck,
  registryCheck,
  snapshotsCheck,
  certificateCheck,
  permissionsCheck,
  ownTokenCheck,
  clockCheck,
  leftoverContainersCheck,
  operationsCheck,
  temporaryFilesCheck,
  imageRegistryCheck,
  edgeServicesCheck,
  edgeCertificatesCheck,
  edgePendingCheck,
  alertCommandCheck,
  limitsCheck,
];
