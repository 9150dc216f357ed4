import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("../scripts/setup-podman", import.meta.url));

/** Writes a private podman configuration into the directory, installing podman where it is missing and we may. */
export async function podmanConfiguration(directory: string): Promise<void> {
  await promisify(execFile)(script, ["--isolated", directory]);
}
