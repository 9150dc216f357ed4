import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { RecordService, ZoneService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import {
  Effect,
  MountService,
  PolicyService,
  SystemService,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import {
  authorityMount,
  loopback,
  metacryptGrpcAddress,
  nameServerGrpcAddress,
  type Platform,
} from "../platform.ts";
import { updateSettings } from "../store/settings.ts";
import { agentName } from "./accounts.ts";

const timeoutMs = 60_000;
const rootName = "root";
const issuingName = "services";

const loginSchema = z.object({ access_token: z.string() });

/** Makes sure that Metacrypt has the platform's authority and issues by ACME for names of the zone, to the agent alone.
 * What the operator changed since stays.
 * @returns what was made */
export async function ensureAuthority(platform: Platform): Promise<string[]> {
  const { layout, settings } = platform;
  const address = metacryptGrpcAddress(settings);
  return withServer(platform, address, async (transport) => {
    const made: string[] = [];
    const system = createClient(SystemService, transport);
    if (!(await system.getStatus({})).initialized) {
      // The key file is the only thing that opens it; it lies beside the database, as everything here.
      await system.initialize({ unattended: true });
      made.push("seal");
    }
    const mounts = createClient(MountService, transport);
    if (!(await mounts.listMounts({})).mounts.some(({ name }) => name === authorityMount)) {
      await mounts.createMount({ name: authorityMount, type: "ca" });
    }
    const ca = createClient(CaService, transport);
    const { authorities } = await ca.listAuthorities({ mount: authorityMount });
    if (!authorities.some(({ name }) => name === rootName)) {
      await ca.importAuthority({
        mount: authorityMount,
        name: rootName,
        certificatePem: await readFile(layout.authorityCertificate, "utf8"),
        privateKeyPem: await readFile(layout.authorityKey, "utf8"),
      });
    }
    if (!authorities.some(({ name }) => name === issuingName)) {
      await createIssuingAuthority(ca);
      made.push("issuing authority");
    }
    if (settings.acmeKeyId === "") {
      await admitAgent(platform, transport);
      made.push("binding of the agent");
    }
    return made;
  });
}

async function createIssuingAuthority(ca: Client<typeof CaService>): Promise<void> {
  const created = await ca.createIntermediate({
    mount: authorityMount,
    wish: { name: issuingName, commonName: "Metacircular one-machine services" },
    issuer: rootName,
  });
  await ca.updateAuthority({ mount: authorityMount, authority: created.id, default: true });
}

/** The rule comes first, so that a binding never is of no use. */
async function admitAgent({ layout, settings }: Platform, transport: Transport): Promise<void> {
  await createClient(PolicyService, transport).putRule({
    rule: {
      id: "agent-certificates",
      priority: 100,
      effect: Effect.ALLOW,
      accounts: [agentName],
      mounts: [authorityMount],
      operations: ["acme/*"],
      names: [`**.${settings.zone}`],
    },
  });
  const { binding, hmacKey } = await createClient(AcmeService, transport).createAcmeBinding({
    mount: authorityMount,
    account: agentName,
    kind: "system",
    note: `node ${settings.node}`,
  });
  await writeFileAtomic(layout.agent.acmeKey, hmacKey, { mode: 0o600 });
  await updateSettings(layout.settings, { acmeKeyId: binding?.keyId ?? "" });
}

/** Makes sure that the name server serves the platform's zone.
 * @returns whether it was made now */
export async function ensureZone(platform: Platform): Promise<boolean> {
  const { zone } = platform.settings;
  return withServer(platform, nameServerGrpcAddress(platform.settings), async (transport) => {
    const zones = createClient(ZoneService, transport);
    if (await exists(() => zones.getZone({ name: zone }))) return false;
    await zones.createZone({ zone: { name: zone, primary: `ns.${zone}`, contact: `hostmaster@${zone}` } });
    const records = createClient(RecordService, transport);
    await records.replaceRecords({ zone, name: "ns", type: "A", data: [loopback] });
    return true;
  });
}

async function exists(get: () => Promise<unknown>): Promise<boolean> {
  try {
    await get();
    return true;
  } catch (thrown) {
    if (thrown instanceof ConnectError && thrown.code === Code.NotFound) return false;
    throw thrown;
  }
}

/** Calls a service as the operator, whose login `mcp` keeps fresh. */
async function withServer<T>(
  { layout }: Platform,
  address: string,
  use: (transport: Transport) => Promise<T>,
): Promise<T> {
  await using transport = createGrpcClientTransport({
    address,
    caFile: layout.authorityCertificate,
    token: async () =>
      loginSchema.parse(JSON.parse(await readFile(layout.operator.token, "utf8"))).access_token,
    timeoutMs,
  });
  try {
    return await use(transport);
  } catch (thrown) {
    throw fromConnectError(thrown, address);
  }
}
