import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import * as wire from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import type { MountOf } from "./authorities.ts";
import { decodeProfile } from "./decode.ts";
import { encodeProfile } from "./encode.ts";

/** What concerns the profiles of a mount. */
export function profileMethods(
  mountOf: MountOf,
): Pick<ServiceImpl<typeof wire.CaService>, "listProfiles" | "putProfile" | "deleteProfile"> {
  return {
    listProfiles(request) {
      const { profiles } = mountOf(request.mount);
      return create(wire.ListProfilesResponseSchema, {
        profiles: profiles.all().map((each) => encodeProfile(each, profiles.isBuiltIn(each.name))),
      });
    },
    putProfile(request, context) {
      const wanted = decodeProfile(request.profile);
      return encodeProfile(mountOf(request.mount).putProfile(wanted, callerOf(context).name), false);
    },
    deleteProfile(request, context) {
      mountOf(request.mount).deleteProfile(request.name, callerOf(context).name);
      return create(wire.DeleteProfileResponseSchema);
    },
  };
}
