import { type Answer, codeIn, type createCaller, type Subject } from "./registry-caller.ts";

/** What one repository answered, by the title of the request. */
export type Column = readonly (readonly [title: string, answer: Answer])[];

/** One subject's part of the golden file. */
export async function block(
  caller: ReturnType<typeof createCaller>,
  subject: Subject,
  names: readonly string[],
  columns: readonly Column[],
): Promise<string> {
  const version = await caller.ask(subject, { method: "GET", path: "/v2/" });
  const catalog = await caller.ask(subject, { method: "GET", path: "/v2/_catalog" });
  const rows = (columns[0] ?? []).map(([title], index) =>
    row(
      title,
      columns.map((column) => word(column[index]?.[1])),
    ),
  );
  return [
    `# ${subject.name}`,
    `GET /v2/: ${word(signed(version))}`,
    `GET catalog: ${word(signed(catalog))} ${catalog.status === 200 ? catalog.body : ""}`.trimEnd(),
    row("", names),
    ...rows,
    "",
  ].join("\n");
}

function row(title: string, cells: readonly string[]): string {
  return `${title.padEnd(36)}${cells.map((cell) => cell.padEnd(25)).join("")}`.trimEnd();
}

export function signed(answer: Answer & { readonly refusedToken: boolean }): Answer {
  return answer.refusedToken ? { ...answer, status: -answer.status } : answer;
}

/** Status and code; of a list of referrers how many there are. */
function word(answer: Answer | undefined): string {
  if (answer === undefined) return "?";
  const status = answer.status < 0 ? `no token: ${-answer.status}` : String(answer.status);
  const code = answer.status < 0 ? "" : codeIn(answer);
  const manifests = answer.body.startsWith('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index')
    ? `(${(JSON.parse(answer.body) as { manifests: unknown[] }).manifests.length})`
    : "";
  return [status, code, manifests].filter((part) => part !== "").join(" ");
}
