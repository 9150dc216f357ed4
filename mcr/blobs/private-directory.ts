import { lstat, mkdir } from "node:fs/promises";

/** Makes a directory that only this user can enter, unless it is there.
 * @throws Error where something else, such as a link, has its name */
export async function makePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await lstat(directory);
  if (!found.isDirectory()) throw new Error(`${directory} is a link or a file, not a directory`);
}
