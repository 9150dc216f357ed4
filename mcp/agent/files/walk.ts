import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { Directory, kindOf } from "./directory.ts";
import { type FileTask, notFound, pathRefused } from "./file-errors.ts";

/** Which file is meant. */
export interface Target {
  readonly task: FileTask;
  /** May be a link: it is the administrator's. */
  readonly servicesDir: string;
  /** A valid name. */
  readonly service: string;
  /** The parts of a valid path. */
  readonly names: readonly string[];
}

/** Where a file is or will be. Disposing it closes the directories. */
export interface Place extends AsyncDisposable {
  readonly directory: Directory;
  readonly name: string;
  /** Removes the directories that were created on the way, as far as they are empty. */
  removeCreated(): Promise<void>;
}

/** As a deploy creates it. */
const serviceDirectoryMode = 0o750;

/** Goes from the services' directory to the one that holds the file, from one open directory to the next. Only real
 * directories count, and whatever is swapped on the way does not lead out.
 * @throws DetailedError FILE_PATH_REFUSED, and unless `create` FILE_NOT_FOUND; and the system's errors */
export async function walk(target: Target, { create }: { create: boolean }): Promise<Place> {
  const { task, servicesDir, service, names } = target;
  await using stack = new AsyncDisposableStack();
  const created: { parent: Directory; name: string }[] = [];
  const removeCreated = async (): Promise<void> => {
    for (const { parent, name } of created.toReversed()) {
      // What somebody else uses by now stays, and all above it.
      if (
        !(await parent.removeDirectory(name).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  };
  const steps = [service, ...names.slice(0, -1)];
  let directory = stack.use(await openServices(servicesDir, task));
  try {
    for (const [index, name] of steps.entries()) {
      const mode = index === 0 ? serviceDirectoryMode : undefined;
      if (create && (await makeMissing(directory, name, mode))) created.push({ parent: directory, name });
      const shown = index === 0 ? service : names.slice(0, index).join("/");
      directory = stack.use(await enter(directory, name, shown, task));
    }
  } catch (error) {
    await removeCreated();
    throw error;
  }
  const owned = stack.move();
  return {
    directory,
    name: names.at(-1) ?? "",
    removeCreated,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As `walk` that creates nothing; undefined where a directory is missing. */
export async function walkIfThere(target: Target): Promise<Place | undefined> {
  try {
    return await walk(target, { create: false });
  } catch (error) {
    if (error instanceof DetailedError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

async function openServices(servicesDir: string, task: FileTask): Promise<Directory> {
  try {
    return await Directory.open(servicesDir);
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
    throw notFound(task, `the agent's services_dir ${servicesDir} does not exist`, error);
  }
}

/** @returns whether it was missing */
async function makeMissing(directory: Directory, name: string, mode: number | undefined): Promise<boolean> {
  if ((await directory.look(name)) !== undefined) return false;
  try {
    await directory.makeDirectory(name, mode);
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw error;
  }
  await directory.sync();
  return true;
}

/** @param shown the directory's name in errors */
async function enter(directory: Directory, name: string, shown: string, task: FileTask): Promise<Directory> {
  try {
    return await directory.directory(name);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT") throw notFound(task, `there is no directory ${shown}`, error);
    if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
    const found = await directory.look(name);
    // By now it may be a directory again, but it was none.
    const kind = found === undefined || found.isDirectory() ? "being changed" : kindOf(found);
    throw pathRefused(task, shown, kind);
  }
}
