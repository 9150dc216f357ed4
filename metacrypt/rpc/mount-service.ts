import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import {
  DeleteMountResponseSchema,
  ListMountsResponseSchema,
  type Mount,
  MountSchema,
  type MountService,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { Mounts, MountState } from "../mounts/mounts.ts";

export function createMountService(mounts: Mounts): ServiceImpl<typeof MountService> {
  return {
    listMounts: () => create(ListMountsResponseSchema, { mounts: mounts.list().map(mountMessage) }),
    async createMount({ name, type }, context) {
      return mountMessage(await mounts.create({ name, type, actor: callerOf(context).name }));
    },
    async deleteMount({ name }, context) {
      await mounts.delete({ name, actor: callerOf(context).name });
      return create(DeleteMountResponseSchema);
    },
  };
}

function mountMessage({ name, type, createdMs, problem }: MountState): Mount {
  return create(MountSchema, { name, type, created: timestampFromMs(createdMs), problem });
}
