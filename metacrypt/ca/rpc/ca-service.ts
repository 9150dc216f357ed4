import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { ServiceImpl } from "@connectrpc/connect";
import type { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import type { Engines } from "../../mounts/engine.ts";
import type { PolicyCheck } from "../../policy/policy-check.ts";
import { caEngine } from "../mount.ts";
import { authorityMethods } from "./authorities.ts";
import { certificateMethods } from "./certificates.ts";
import { profileMethods } from "./profiles.ts";

export interface CaServiceParts {
  readonly engines: Pick<Engines, "engine">;
  readonly policy: PolicyCheck;
  readonly clock: Clock;
}

/** The API of certificate authorities, for all mounts of type `ca`. Changes write their own audit entries. */
export function createCaService({ engines, policy, clock }: CaServiceParts): ServiceImpl<typeof CaService> {
  const mountOf = (name: string) => engines.engine(caEngine, name);
  return {
    ...authorityMethods(mountOf),
    ...certificateMethods({ mountOf, policy, clock }),
    ...profileMethods(mountOf),
  };
}
