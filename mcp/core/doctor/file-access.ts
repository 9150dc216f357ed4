import { fine, type Judgement, problem } from "./finding.ts";

/** Who owns a file and who may use it. */
export interface FileAccess {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly ownerId: number;
}

/** Judges a file that holds a secret: nobody but its owner, who must be the given user or root, may use it. */
export function judgeSecretFile(file: FileAccess, userId: number): Judgement {
  return judge(file, userId, { forbidden: 0o077, mend: "600", found: "others may read or change it" });
}

/** Judges a file or directory that decides what is run: others may read but not change it. */
export function judgeTrustedPath(file: FileAccess, userId: number): Judgement {
  return judge(file, userId, { forbidden: 0o022, mend: "go-w", found: "others may change it" });
}

function judge(
  { path, mode, ownerId }: FileAccess,
  userId: number,
  rule: { forbidden: number; mend: string; found: string },
): Judgement {
  const shown = `mode ${(mode & 0o7777).toString(8).padStart(4, "0")}`;
  if (ownerId !== userId && ownerId !== 0) {
    const found = `it belongs to user ${ownerId}, who may change it`;
    return problem(path, found, `as root: chown ${userId} ${path}`);
  }
  if ((mode & rule.forbidden) !== 0) {
    return problem(path, `${rule.found} (${shown})`, `chmod ${rule.mend} ${path}`);
  }
  return fine(path, shown);
}
