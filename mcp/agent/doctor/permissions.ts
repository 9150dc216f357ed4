import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { judgeSecretFile, judgeTrustedPath } from "@metacircular/mcp-core/doctor/file-access.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Who may use the files that hold secrets, and who may change what decides what the agent does. */
export const permissionsCheck: Check = {
  name: "permissions",
  async run({ files, directories, user }) {
    const { database } = files;
    const secrets = [files.key, files.token, database, `${database}-wal`];
    const trusted = [
      files.config,
      files.certificate,
      dirname(database),
      directories.state,
      directories.services,
    ];
    const judged = await Promise.all([
      ...secrets.map((path) => judgePath(path, user.id, judgeSecretFile)),
      ...trusted.map((path) => judgePath(path, user.id, judgeTrustedPath)),
      judgeWritable(directories.services, user.name),
    ]);
    return judged.filter((judgement) => judgement !== undefined);
  },
};

/** What is not there is not this check's subject. */
async function judgePath(
  path: string,
  userId: number,
  judge: typeof judgeSecretFile,
): Promise<Judgement | undefined> {
  const status = path === "" ? undefined : await stat(path).catch(() => undefined);
  return status === undefined ? undefined : judge({ path, mode: status.mode, ownerId: status.uid }, userId);
}

async function judgeWritable(directory: string, user: string): Promise<Judgement> {
  try {
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return fine(directory, `${user} may write there`);
  } catch (error) {
    const missing = systemCodeOf(error) === "ENOENT";
    if (!missing)
      return problem(directory, `${user} may not write there`, `as root: chown ${user} ${directory}`);
    const remedy = `as root: install -d -o ${user} -m 0755 ${directory}`;
    return problem(directory, "there is no such directory", remedy);
  }
}
