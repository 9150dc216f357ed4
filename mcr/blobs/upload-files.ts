import { createHash, randomUUID } from "node:crypto";
import { chmod, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { claimFile } from "@metacircular/mcdsl/database/claim.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import { type FreeSpace, guardFreeSpace } from "./free-space.ts";
import { makePrivateDirectory } from "./private-directory.ts";
import { storageFailure } from "./storage-errors.ts";
import { digestMismatch, uploadBusy, uploadOutOfOrder, uploadUnknown } from "./upload-errors.ts";
import { appendSource, digestOf, type UploadFile } from "./upload-file.ts";
import {
  fileStats,
  nameOf,
  sealedMode,
  uploadFileName,
  type UploadName,
  uploadOnDisk,
  viewOf,
} from "./upload-on-disk.ts";
import { refusalToBegin, uploadRoom } from "./upload-room.ts";
import type { ExpectedChunk, FinishedUpload, Upload, UploadStore } from "./upload-store.ts";

/** After so long nobody goes on with an upload, as far as somebody else needs its room. */
const idleMs = 600_000;
/** An upload may last so many times longer than it may lie idle. */
const wholeLives = 7;

const defaults = {
  maxBlobBytes: 64 * 1024 ** 3,
  maxUploads: 1000,
  maxUploadBytes: 256 * 1024 ** 3,
  minFreeBytes: 0,
};

export interface UploadOptions {
  /** Made where it is missing; its parent has to be there. On the file system of the blobs. */
  readonly directory: string;
  readonly clock: Clock;
  /** Default: 64 GiB. */
  readonly maxBlobBytes?: number;
  /** In progress at once, a quarter of them in one repository. Default: 1000. */
  readonly maxUploads?: number;
  /** That all in progress have together, and a quarter of it those in one repository. Default: 256 GiB. */
  readonly maxUploadBytes?: number;
  /** What has to stay free on the disk. Default: 0. */
  readonly minFreeBytes?: number;
}

/** Uploads in one directory that no other process uses at the same time. What was left there goes on.
 * @throws DetailedError UPLOADS_IN_USE, BLOB_STORE_UNAVAILABLE, STORAGE_FULL */
export async function openUploads(options: UploadOptions): Promise<UploadStore> {
  const { directory } = options;
  try {
    await makePrivateDirectory(directory);
  } catch (thrown) {
    throw storageFailure("open the uploads", directory, thrown);
  }
  using cleanup = new DisposableStack();
  const claim = cleanup.use(
    claimFile(join(directory, "uploads"), {
      code: "UPLOADS_IN_USE",
      what: "the directory of uploads",
      holder: "another registry",
    }),
  );
  const uploads = new UploadFiles({ ...defaults, ...options }, claim);
  await uploads.open();
  cleanup.move();
  return uploads;
}

class UploadFiles implements UploadStore {
  readonly #options: Required<UploadOptions>;
  readonly #claim: Disposable;
  readonly #freeSpace: FreeSpace;
  /** By file name. */
  readonly #uploads = new Map<string, UploadFile>();
  /** Complete ones whose files are here until the blob store has taken them. Busy: it is about to. */
  readonly #sealed = new Map<string, UploadFile>();

  constructor(options: Required<UploadOptions>, claim: Disposable) {
    this.#options = options;
    this.#claim = claim;
    this.#freeSpace = guardFreeSpace(options.directory, options.minFreeBytes);
  }

  get count(): number {
    return this.#uploads.size;
  }

  async open(): Promise<void> {
    for (const [name, upload] of await this.#load()) if (upload.isSealed) this.#sealed.set(name, upload);
  }

  /** Looks what is there. */
  async #load(): Promise<readonly [string, UploadFile][]> {
    const { directory } = this.#options;
    const found: [string, UploadFile][] = [];
    try {
      for (const name of await readdir(directory)) {
        const id = uploadFileName.exec(name)?.groups?.["id"];
        const upload = id === undefined ? undefined : await this.#loadUpload(name, id);
        if (upload !== undefined) found.push([name, upload]);
      }
      return found;
    } catch (thrown) {
      throw storageFailure("look for uploads", directory, thrown);
    }
  }

  async begin(repository: string, algorithm: DigestAlgorithm = "sha256"): Promise<Upload> {
    const { clock, directory } = this.#options;
    if (this.#refusal(repository) !== undefined) await this.#expireUnused(idleMs);
    // Between this and the place that is taken nothing is waited for, so that no other request takes the same.
    const refusal = this.#refusal(repository);
    if (refusal !== undefined) throw refusal;
    const id = randomUUID();
    const name = nameOf({ repository, id });
    const upload: UploadFile = {
      id,
      path: join(directory, name),
      sizeBytes: 0,
      reservedBytes: 0,
      beganAtMs: clock.now(),
      lastUsedAtMs: clock.now(),
      isBusy: false,
      isSealed: false,
      hash: { algorithm, state: createHash(algorithm) },
    };
    this.#uploads.set(name, upload);
    try {
      await this.#freeSpace.require(0);
      await (await open(upload.path, "wx", 0o600)).close();
    } catch (thrown) {
      this.#uploads.delete(name);
      throw storageFailure("begin an upload", directory, thrown);
    }
    return viewOf(repository, upload);
  }

  async find(repository: string, id: string): Promise<Upload | undefined> {
    const upload = await this.#lookUp({ repository, id });
    return upload === undefined ? undefined : viewOf(repository, upload);
  }

  async append(
    { repository, id }: UploadName,
    source: Readable,
    expected: ExpectedChunk,
    signal?: AbortSignal,
  ): Promise<Upload> {
    return this.#alone({ repository, id }, async (upload) => {
      const { offset = upload.sizeBytes, lengthBytes, maxBytes = Infinity } = expected;
      const { maxUploadBytes } = this.#options;
      if (offset !== upload.sizeBytes) {
        const found = `the bytes begin at ${offset}, not at ${upload.sizeBytes}`;
        throw uploadOutOfOrder(id, upload.sizeBytes, found);
      }
      if (lengthBytes === 0) return viewOf(repository, upload);
      if (upload.isSealed) throw uploadBusy(id, "it is complete, and another request stores it");
      const maxBlobBytes = Math.min(this.#options.maxBlobBytes, maxBytes);
      const bytes = { maxUploadBytes, maxRepositoryBytes: expected.maxRepositoryBytes ?? Infinity };
      const prefix = nameOf({ repository, id: "" });
      const room = uploadRoom(
        upload,
        () => this.#all(),
        prefix,
        bytes,
        () => this.#expireUnused(idleMs),
      );
      const limits = { maxBlobBytes, freeSpace: this.#freeSpace, room };
      await appendSource(upload, source, lengthBytes, limits, signal);
      return viewOf(repository, upload);
    });
  }

  async finish(
    { repository, id }: UploadName,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<FinishedUpload> {
    const name = nameOf({ repository, id });
    const finished = await this.#alone({ repository, id }, async (upload) => {
      const found = await digestOf(upload, digest, signal);
      if (found !== digest) {
        await this.#remove(upload, name);
        throw digestMismatch(digest, found);
      }
      await chmod(upload.path, sealedMode);
      // From here it belongs to the blob store. Where that fails it is found again on the disk.
      this.#uploads.delete(name);
      this.#sealed.set(name, upload);
      return upload;
    });
    finished.isBusy = true;
    const { path: file, sizeBytes } = finished;
    return { file, digest, sizeBytes, [Symbol.asyncDispose]: () => this.#letGo(name, finished) };
  }

  async cancel(repository: string, id: string): Promise<boolean> {
    if ((await this.#lookUp({ repository, id })) === undefined) return false;
    await this.#alone({ repository, id }, (upload) => this.#remove(upload, nameOf({ repository, id })));
    return true;
  }

  async expire(olderThanMs: number): Promise<number> {
    const now = this.#options.clock.now();
    return this.#removeWhere(
      await this.#load(),
      ({ lastUsedAtMs, beganAtMs }) =>
        now - lastUsedAtMs >= olderThanMs || now - beganAtMs >= wholeLives * olderThanMs,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#claim[Symbol.dispose]();
    return Promise.resolve();
  }

  #refusal(repository: string): DetailedError | undefined {
    return refusalToBegin(this.#uploads, nameOf({ repository, id: "" }), this.#options.maxUploads);
  }

  *#all(): Generator<[string, UploadFile]> {
    yield* this.#uploads;
    yield* this.#sealed;
  }

  async #letGo(name: string, upload: UploadFile): Promise<void> {
    const left = await fileStats(upload.path).catch(() => upload);
    if (left === undefined) this.#sealed.delete(name);
    // It may be finished once more, until somebody needs its room.
    upload.lastUsedAtMs = -Infinity;
    upload.isBusy = false;
  }

  #expireUnused(olderThanMs: number): Promise<number> {
    const now = this.#options.clock.now();
    return this.#removeWhere([...this.#all()], ({ lastUsedAtMs }) => now - lastUsedAtMs >= olderThanMs);
  }

  async #removeWhere(
    uploads: readonly (readonly [string, UploadFile])[],
    isOver: (upload: UploadFile) => boolean,
  ): Promise<number> {
    let count = 0;
    for (const [name, upload] of uploads) {
      if (upload.isBusy || !isOver(upload)) continue;
      await this.#remove(upload, name);
      count += 1;
    }
    return count;
  }

  /** One request at a time works with an upload; another one is refused, and does not wait. */
  async #alone<Result>(name: UploadName, work: (upload: UploadFile) => Promise<Result>): Promise<Result> {
    const upload = await this.#lookUp(name);
    if (upload === undefined) throw uploadUnknown(name.id);
    if (upload.isBusy) throw uploadBusy(name.id, "another request works with it");
    upload.isBusy = true;
    try {
      return await work(upload);
    } catch (thrown) {
      throw storageFailure("continue upload", name.id, thrown);
    } finally {
      upload.isBusy = false;
      upload.reservedBytes = upload.sizeBytes;
      upload.lastUsedAtMs = this.#options.clock.now();
    }
  }

  async #lookUp({ repository, id }: UploadName): Promise<UploadFile | undefined> {
    const name = nameOf({ repository, id });
    return uploadFileName.test(name) ? this.#loadUpload(name, id) : undefined;
  }

  async #loadUpload(name: string, id: string): Promise<UploadFile | undefined> {
    const path = join(this.#options.directory, name);
    const known = this.#uploads.get(name);
    if (known !== undefined) return known;
    const found = await fileStats(path);
    if (found === undefined) return undefined;
    // Another request may have been quicker.
    const upload = this.#uploads.get(name) ?? uploadOnDisk(id, path, found);
    // The blob store takes a sealed one away without a word.
    if (!upload.isSealed) this.#uploads.set(name, upload);
    return upload;
  }

  async #remove(upload: UploadFile, name: string): Promise<void> {
    this.#uploads.delete(name);
    this.#sealed.delete(name);
    await rm(upload.path, { force: true });
  }
}
