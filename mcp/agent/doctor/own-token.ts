import { readFile } from "node:fs/promises";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Whether the identity service can be asked with the agent's own token, without which it accepts nobody. */
export const ownTokenCheck: Check = {
  name: "identity",
  async run({ files, issuer, verifyToken }, signal) {
    try {
      const token = (await readFile(files.token, "utf8")).trim();
      await verifyToken(token, signal);
      return [fine(issuer, "it answers, and accepts the agent's own token")];
    } catch (error) {
      signal.throwIfAborted();
      return [judgeOwnToken(error, { issuer, file: files.token })];
    }
  },
};

export function judgeOwnToken(error: unknown, { issuer, file }: { issuer: string; file: string }): Judgement {
  const renew = `issue a new token for the agent's account and write it to ${file} (mode 0600); the agent reads it anew by itself`;
  if (!(error instanceof DetailedError)) {
    const why = systemCodeOf(error) || String(error);
    return problem(file, `the agent's own token cannot be read (${why})`, renew);
  }
  if (error.category === "unauthenticated")
    return problem(file, `the agent's own token: ${error.found}`, renew);
  const refused = error.found.includes("own credentials");
  return problem(
    issuer,
    error.found,
    refused ? renew : "start it, or mend the network between and ca_cert in [mcias]",
  );
}
