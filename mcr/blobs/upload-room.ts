import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { noRoomForUploads, tooManyUploads } from "./upload-errors.ts";

/** Who may push to one repository must not be able to keep everybody else from pushing. */
const repositoryShare = 1 / 4;

/** Why no other upload may begin in the repository with the prefix; undefined: one may.
 * @param users by file name */
export function refusalToBegin(
  users: ReadonlyMap<string, unknown>,
  prefix: string,
  maxUploads: number,
): DetailedError | undefined {
  if (users.size >= maxUploads) return tooManyUploads(maxUploads, "are in progress");
  const inRepository = users.keys().reduce((sum, name) => sum + Number(name.startsWith(prefix)), 0);
  const share = Math.ceil(maxUploads * repositoryShare);
  return inRepository < share ? undefined : tooManyUploads(share, "are in progress in this repository");
}

/** What an upload has of the room. */
export interface RoomUser {
  sizeBytes: number;
  /** Set aside for it, `sizeBytes` included. */
  reservedBytes: number;
}

/** Bounds what all uploads in progress take on the disk, however many requests write at the same time. */
export interface UploadRoom {
  /** Whether the upload could grow to that size now; nothing is set aside.
   * @throws DetailedError NO_ROOM_FOR_UPLOADS */
  require(sizeBytes: number): Promise<void>;
  /** To be called before the upload grows to that size. @throws DetailedError NO_ROOM_FOR_UPLOADS */
  reserve(sizeBytes: number): Promise<void>;
}

export interface RoomLimits {
  /** Of all uploads; a quarter of it of those in one repository. */
  readonly maxUploadBytes: number;
  /** Of those in the repository, where that is less. */
  readonly maxRepositoryBytes: number;
}

/** @param users all uploads with their file names, those of the repository with the prefix
 * @param makeRoom gives up uploads that nobody goes on with; called before one is refused */
export function uploadRoom(
  upload: RoomUser,
  users: () => Iterable<readonly [string, RoomUser]>,
  prefix: string,
  limits: RoomLimits,
  makeRoom: () => Promise<unknown>,
): UploadRoom {
  const share = Math.ceil(limits.maxUploadBytes * repositoryShare);
  const inRepositoryBytes = Math.min(share, limits.maxRepositoryBytes);

  function left(): { readonly together: number; readonly inRepository: number } {
    let [together, inRepository] = [limits.maxUploadBytes, inRepositoryBytes];
    for (const [name, user] of users()) {
      if (user === upload) continue;
      const takenBytes = Math.max(user.sizeBytes, user.reservedBytes);
      together -= takenBytes;
      if (name.startsWith(prefix)) inRepository -= takenBytes;
    }
    return { together, inRepository };
  }

  /** Looks and takes without a pause in between, in which another request could take the same. */
  async function claim(sizeBytes: number, take: () => void): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const { together, inRepository } = left();
      if (sizeBytes <= Math.min(together, inRepository)) return take();
      if (tries > 1) {
        throw sizeBytes > inRepository
          ? noRoomForUploads(inRepositoryBytes, "of this repository")
          : noRoomForUploads(limits.maxUploadBytes, "of all repositories");
      }
      await makeRoom();
    }
  }

  return {
    require: (sizeBytes) => claim(sizeBytes, () => undefined),
    async reserve(sizeBytes) {
      if (sizeBytes > upload.reservedBytes)
        await claim(sizeBytes, () => void (upload.reservedBytes = sizeBytes));
    },
  };
}
