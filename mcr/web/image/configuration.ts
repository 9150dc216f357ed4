import { z } from "zod";
import { jsonIn, platformText } from "../../manifest/shown-manifest.ts";

const list = z.array(z.string()).nullish().catch(undefined);
const names = z.record(z.string(), z.unknown()).nullish().catch(undefined);

const configurationSchema = z.object({
  os: z.string().catch(""),
  architecture: z.string().catch(""),
  variant: z.string().catch(""),
  "os.version": z.string().catch(""),
  created: z.string().catch(""),
  author: z.string().catch(""),
  config: z
    .object({
      User: z.string().catch(""),
      WorkingDir: z.string().catch(""),
      Entrypoint: list,
      Cmd: list,
      ExposedPorts: names,
      Volumes: names,
      Labels: z.record(z.string(), z.string()).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
  history: z
    .array(
      z.object({
        created_by: z.string().catch(""),
        comment: z.string().catch(""),
        empty_layer: z.boolean().catch(false),
      }),
    )
    .catch([]),
});

export interface HistoryEntry {
  /** Empty: nothing is said. */
  readonly createdBy: string;
  readonly isEmptyLayer: boolean;
}

/** What the configuration of an image says; all texts as whoever pushed it wrote them. Its environment is left out: people
 * put secrets there. */
export interface ImageConfiguration {
  readonly platform: string;
  readonly created: string;
  readonly author: string;
  readonly user: string;
  readonly workingDirectory: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly HistoryEntry[];
}

/** Undefined where it is no configuration of an image (OCI image specification, "config.md"). */
export function parseConfiguration(content: Uint8Array): ImageConfiguration | undefined {
  const parsed = configurationSchema.safeParse(jsonIn(content)).data;
  if (parsed === undefined) return undefined;
  const { config } = parsed;
  return {
    platform: platformText(parsed),
    created: parsed.created,
    author: parsed.author,
    user: config?.User ?? "",
    workingDirectory: config?.WorkingDir ?? "",
    entrypoint: config?.Entrypoint ?? [],
    command: config?.Cmd ?? [],
    ports: Object.keys(config?.ExposedPorts ?? {}),
    volumes: Object.keys(config?.Volumes ?? {}),
    labels: config?.Labels ?? {},
    history: parsed.history.map(({ created_by, comment, empty_layer }) => ({
      createdBy: instructionOf(created_by === "" ? comment : created_by),
      isEmptyLayer: empty_layer,
    })),
  };
}

/** The line of the Containerfile, out of what builders write. */
export function instructionOf(createdBy: string): string {
  const text = createdBy.replace(/\s*# buildkit\s*$/, "").trim();
  const nothing = /^(?:RUN )?\/bin\/sh -c #\(nop\)\s+/.exec(text);
  if (nothing !== null) return text.slice(nothing[0].length);
  const shell = /^(?:RUN )?\/bin\/sh -c /.exec(text);
  return shell === null ? text : `RUN ${text.slice(shell[0].length).trim()}`;
}
