import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { z } from "zod";
import { readIfPresent } from "./read-if-present.ts";

const port = z.int().min(1).max(65_535);
/** 0 in the settings of an earlier version, which did not have the program: it is chosen at the next `up`. */
const laterPort = z.int().min(0).max(65_535).default(0);

const settingsSchema = z.strictObject({
  /** Name of this node. */
  node: z.string().min(1),
  /** Names of services are `<service>.<zone>`. */
  zone: z.string().min(1).default("mc.internal"),
  ports: z.strictObject({
    identity: port,
    agent: port,
    metacrypt: laterPort,
    metacryptGrpc: laterPort,
    /** Where revocation lists are served, by plain HTTP. */
    pki: laterPort,
    nameServer: laterPort,
    nameServerGrpc: laterPort,
    /** Where the name server answers DNS. */
    dns: laterPort,
    /** Where the proxy serves HTTPS. */
    ingress: laterPort,
    registry: laterPort,
    registryGrpc: laterPort,
  }),
  /** Files that select podman's configuration; empty: podman's own. */
  podman: z.strictObject({ containersConf: z.string(), storageConf: z.string() }),
  /** The operator's account exists with the password in the file. */
  operatorCreated: z.boolean(),
  /** Names the binding by which the agent opens its account with the certificate authority; empty: none yet. */
  acmeKeyId: z.string().default(""),
  /** The sample was deployed once; from then on it is the operator's. */
  sampleDeployed: z.boolean(),
});

/** What was chosen at the first start and has to stay. */
export type Settings = z.infer<typeof settingsSchema>;

/** Undefined before the first save.
 * @throws DetailedError `STATE_SETTINGS_INVALID` */
export async function readSettings(path: string): Promise<Settings | undefined> {
  const text = await readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return settingsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DetailedError({
      code: "STATE_SETTINGS_INVALID",
      category: "failed-precondition",
      attempted: "read settings",
      subject: path,
      found: "its content is not what this program writes",
      remedy: "restore the file, or start anew with `metacircular down --purge`",
      cause,
    });
  }
}

export async function writeSettings(path: string, settings: Settings): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(settings, undefined, 2)}\n`, { mode: 0o600 });
}

/** Changes some of the settings that are stored, leaving the others as they are now.
 * @throws DetailedError `STATE_SETTINGS_INVALID` */
export async function updateSettings(path: string, change: Partial<Settings>): Promise<void> {
  const settings = await readSettings(path);
  if (settings !== undefined) await writeSettings(path, { ...settings, ...change });
}
