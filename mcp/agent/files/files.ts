import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { checkLabel } from "@metacircular/mcp-core/definition/names.ts";
import { filePathProblem } from "@metacircular/mcp-core/file-path.ts";
import type { UploadTable } from "../registry/uploads.ts";
import { fileError, type FileTask, fromSystem, pathInvalid } from "./file-errors.ts";
import { ownDirectories } from "./own-directories.ts";
import { previewPush, type PushPreview } from "./preview.ts";
import { startPull, type Pull } from "./pull.ts";
import { startPush, type Push } from "./push.ts";
import { logTransfer } from "./transfer-log.ts";
import { beginTransfer, type Transfer } from "./transfer.ts";
import { removeUnfinished } from "./unfinished.ts";
import type { UploadOptions } from "./upload.ts";
import type { Target } from "./walk.ts";

/** Which file of which service. */
export interface FileRequest {
  readonly service: string;
  /** Relative to the service's directory. */
  readonly path: string;
}

export type PushRequest = FileRequest & UploadOptions;

/** The files in the services' directories. Methods throw DetailedError for what a caller can mend. */
export interface Files extends AsyncDisposable {
  /** Begins a push. */
  push(request: PushRequest, caller: string): Promise<Push>;
  /** What a push would do. */
  preview(request: PushRequest): Promise<PushPreview>;
  /** Begins a pull. */
  pull(request: FileRequest, caller: string): Promise<Pull>;
}

export interface FilesOptions {
  /** May be a link; what is below it may not. */
  readonly servicesDir: string;
  /** Files of the agent itself: their directories are no service's. */
  readonly ownFiles: readonly string[];
  readonly uploads: UploadTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A transfer in which nothing goes on for this long is ended. Default 60 s. */
  readonly idleMs?: number;
  /** How many transfers may go on at a time. Default 16. */
  readonly limit?: number;
}

/** Gives access to the files of services, and to no others. Every push and pull is in the log with caller and path,
 * refused ones too. What the pushes of an agent that died have left is removed; what cannot be removed is logged, and
 * left to the next agent. Disposing it ends the transfers that go on. */
export function createFiles(options: FilesOptions): Files {
  const { servicesDir, uploads, logger, clock, idleMs = 60_000, limit = 16 } = options;
  const going = new Set<Transfer>();
  const own = ownDirectories(servicesDir, options.ownFiles);
  const removed = removeUnfinished(servicesDir, uploads, logger);

  /** @throws DetailedError NAME_INVALID, FILE_PATH_INVALID, FILE_PATH_REFUSED */
  function locate(action: FileTask["action"], request: FileRequest): Target {
    const target = targetOf(servicesDir, action, request);
    if (own.has(request.service)) throw agentsOwn(target.task);
    return target;
  }

  /** Runs the start of a transfer; if that fails, nothing is left of it. */
  async function begin<T>(
    action: FileTask["action"],
    request: FileRequest,
    caller: string,
    start: (transfer: Transfer, target: Target) => Promise<T>,
  ): Promise<T> {
    const log = logTransfer(logger, { ...request, action, caller });
    try {
      const target = locate(action, request);
      if (going.size >= limit) throw tooMany(target.task, limit);
      const transfer = beginTransfer(target.task, { log, clock, logger, idleMs });
      going.add(transfer);
      transfer.defer(() => void going.delete(transfer));
      return await transfer.part(() => start(transfer, target));
    } catch (error) {
      log.failed(error);
      throw error;
    }
  }

  return {
    push: (request, caller) =>
      begin("push", request, caller, (transfer, target) => startPush(transfer, target, request, uploads)),

    async preview(request) {
      const target = locate("push", request);
      try {
        return await previewPush(target, request);
      } catch (error) {
        throw fromSystem(target.task, error);
      }
    },

    pull: (request, caller) => begin("pull", request, caller, startPull),

    async [Symbol.asyncDispose]() {
      await removed;
      await Promise.all([...going].map((transfer) => transfer[Symbol.asyncDispose]()));
    },
  };
}

/** Where the file that is asked for would be. Looks at the request only, not at the disk.
 * @throws DetailedError NAME_INVALID, FILE_PATH_INVALID */
function targetOf(servicesDir: string, action: FileTask["action"], { service, path }: FileRequest): Target {
  const [wrongName] = checkLabel("service", service.slice(0, longestShown), []);
  if (wrongName !== undefined) {
    throw fileError(
      { action, path: quoted(path) },
      {
        code: "NAME_INVALID",
        category: "invalid-argument",
        found: wrongName.message,
        remedy: "name a service",
      },
    );
  }
  const wrongPath = filePathProblem(path);
  if (wrongPath !== undefined) throw pathInvalid({ action, path: quoted(path) }, wrongPath);
  const task = { action, path: join(servicesDir, service, path) };
  return { task, servicesDir, service, names: path.split("/") };
}

function agentsOwn(task: FileTask) {
  return fileError(task, {
    code: "FILE_PATH_REFUSED",
    category: "permission-denied",
    found: "that directory holds the agent's own files",
    remedy: "copy files of the agent by ssh, as the node's administrator",
  });
}

/** Of text that may be anything. */
const longestShown = 200;

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, longestShown));
}

function tooMany(task: FileTask, limit: number) {
  return fileError(task, {
    code: "FILE_TRANSFERS_BUSY",
    category: "resource-exhausted",
    found: `the agent transfers ${limit} files already`,
    remedy: "try again when one of them is done",
  });
}
