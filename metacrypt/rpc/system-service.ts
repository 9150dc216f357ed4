import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  type ChangeProtectionRequest,
  ChangeProtectionResponseSchema,
  type InitializeRequest,
  InitializeResponseSchema,
  RekeyResponseSchema,
  SealKind,
  type SystemService,
  type SystemStatus,
  SystemStatusSchema,
  Unattended,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { SealStatus } from "../barrier/barrier.ts";
import type { Protection } from "../barrier/protection.ts";
import type { Seal } from "../seal/seal.ts";

/** Whoever initialises or unseals needs no account: there is none yet, or the platform is not up. */
const ANONYMOUS = "anonymous";

export function createSystemService(seal: Seal, version: string): ServiceImpl<typeof SystemService> {
  const status = (): SystemStatus => statusMessage(seal, version);
  return {
    getStatus: status,
    async initialize(request) {
      const { unattended } = request;
      const protection = protectionOf(request.protection);
      const shares = await seal.initialize({ protection, unattended, actor: ANONYMOUS });
      return create(InitializeResponseSchema, { shares });
    },
    async unseal({ with: by }) {
      if (by.case === undefined) throw nothingGiven();
      if (by.case === "reset") seal.forgetShares();
      else if (by.case === "share") await seal.unseal({ share: by.value }, ANONYMOUS);
      else await seal.unseal({ passphrase: by.value }, ANONYMOUS);
      return status();
    },
    async seal(_request, context) {
      await seal.seal(callerOf(context).name);
      return status();
    },
    async rekey(_request, context) {
      return create(RekeyResponseSchema, await seal.rekey(callerOf(context).name));
    },
    async changeProtection(request, context) {
      const shares = await seal.changeProtection({
        protection: protectionOf(request.protection),
        unattended: unattendedOf(request.unattended),
        actor: callerOf(context).name,
      });
      return create(ChangeProtectionResponseSchema, { shares });
    },
  };
}

function statusMessage(seal: Seal, version: string): SystemStatus {
  const { scheme, keyVersion, recordsToRekey, ...status } = seal.status();
  return create(SystemStatusSchema, {
    ...status,
    ...scheme,
    kind: kindOf(status),
    keyVersion: keyVersion ?? 0,
    recordsToRekey: recordsToRekey ?? 0,
    version,
  });
}

function kindOf({ initialized, kind }: Pick<SealStatus, "initialized" | "kind">): SealKind {
  if (!initialized) return SealKind.UNSPECIFIED;
  if (kind === undefined) return SealKind.KEY_FILE_ONLY;
  return kind === "passphrase" ? SealKind.PASSPHRASE : SealKind.SHARES;
}

function protectionOf(
  given: InitializeRequest["protection"] | ChangeProtectionRequest["protection"],
): Protection | undefined {
  if (given.case === undefined) return undefined;
  if (given.case === "passphrase") return { passphrase: given.value };
  const { shares, threshold } = given.value;
  return { scheme: { shares, threshold } };
}

function unattendedOf(choice: Unattended): boolean | undefined {
  return choice === Unattended.UNSPECIFIED ? undefined : choice === Unattended.ON;
}

function nothingGiven(): DetailedError {
  return new DetailedError({
    code: "REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "unseal",
    found: "neither a passphrase nor a share",
    remedy: "give one of them",
  });
}
