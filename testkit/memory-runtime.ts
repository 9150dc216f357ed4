import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isRoutePortFree } from "@metacircular/mcp-agent/ports/port-problem.ts";
import { portMappings } from "@metacircular/mcp-agent/ports/port-mappings.ts";
import type {
  Container,
  ContainerDetails,
  ContainerRequest,
  ContainerSettings,
  Image,
  LogEntry,
  Runtime,
} from "@metacircular/mcp-agent/runtime/runtime.ts";

/** Calls that a test can fail, delay or act before. */
export type RuntimeCall = Exclude<
  keyof Runtime,
  "name" | "version" | "info" | "logs" | "exitDirectories" | symbol
>;

/** What happens before a call does its work: throwing fails it, a promise delays it. `subject`: a container's name,
 * an image or a network. */
export type Intervention = (subject: string, signal: AbortSignal | undefined) => void | Promise<void>;

/** A runtime of containers that are only written down. Images by tag: `exits` ends as soon as it is started, the
 * health command fails in `sick`, everything else runs. */
export interface MemoryRuntime extends Runtime {
  /** `name state image` of each container, sorted. */
  shown(): string[];
  /** The container of that name, which must exist. */
  container(name: string): Container;
  /** Acts before the calls of a kind that come after this one: from the `nth` on, `times` of them. */
  before(call: RuntimeCall, act: Intervention, options?: { nth?: number; times?: number }): void;
  /** Changes a container behind everybody's back. */
  alter(name: string, fields: Partial<Container>): void;
  /** What images stand for elsewhere, by their names: a pull that asks again brings it. Default: what they always do. */
  readonly upstream: Map<string, string>;
  /** Where a container's output comes from, by its name; the others print nothing. */
  readonly printing: Map<string, (signal: AbortSignal | undefined) => AsyncIterable<LogEntry>>;
}

/** No process can have it: it is above the kernel's highest (PID_MAX_LIMIT). */
export const deadPid = 2 ** 22 + 1;

/** The runtime's service does not answer. */
export function unavailable(): never {
  throw failure("RUNTIME_UNAVAILABLE", "unavailable", "podman does not answer");
}

/** The runtime refuses, and says nothing useful. */
export function refused(): never {
  throw failure("RUNTIME_FAILED", "internal", "the device is busy");
}

/** @param options.directory stands for its storage
 * @param options.now milliseconds since the epoch; not before the start of this process, which stands for those of
 * the containers */
export function createMemoryRuntime(options: { directory: string; now: () => number }): MemoryRuntime {
  const containers = new Map<string, ContainerDetails>();
  const interventions: { call: RuntimeCall; act: Intervention; skip: number; left: number }[] = [];
  const printing: MemoryRuntime["printing"] = new Map();
  const upstream: MemoryRuntime["upstream"] = new Map();
  const pulled = new Map<string, string>();
  const imageOf = (referenceOrId: string): Image =>
    anImage(pulled.get(referenceOrId) ?? referenceOrId.replace(/^sha256:/, ""));
  let created = 0;

  async function called(call: RuntimeCall, subject: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    for (const intervention of interventions.filter((entry) => entry.call === call)) {
      if (intervention.skip > 0) intervention.skip -= 1;
      else if (intervention.left > 0) {
        intervention.left -= 1;
        await intervention.act(subject, signal);
      }
    }
  }

  function find(idOrName: string): ContainerDetails | undefined {
    return [...containers.values()].find(({ id, name }) => id === idOrName || name === idOrName);
  }

  function require(idOrName: string): ContainerDetails {
    return find(idOrName) ?? fail("CONTAINER_NOT_FOUND", "not-found", `there is no container ${idOrName}`);
  }

  function change(idOrName: string, fields: Partial<ContainerDetails>): void {
    const container = { ...require(idOrName), ...fields };
    containers.set(container.id, container);
  }

  async function requireFreePorts({ id, ports }: Container): Promise<void> {
    const others = [...containers.values()].filter((other) => other.id !== id && other.state === "running");
    const held = new Set(others.flatMap((other) => portMappings(other.ports).map((port) => port.hostPort)));
    for (const { hostPort } of portMappings(ports)) {
      if (held.has(hostPort) || !(await isRoutePortFree(hostPort))) {
        fail("PORT_IN_USE", "failed-precondition", `address already in use: ${hostPort}`);
      }
    }
  }

  return {
    name: "podman",
    printing,
    upstream,
    shown: () =>
      [...containers.values()].map(({ name, state, image }) => `${name} ${state} ${image}`).toSorted(),
    container: require,
    before: (call, act, { nth = 1, times = 1 } = {}) =>
      void interventions.push({ call, act, skip: nth - 1, left: times }),
    alter: change,
    version: () => Promise.resolve("1.0"),
    async list(signal) {
      await called("list", "", signal);
      return [...containers.values()];
    },
    async inspect(idOrName, signal) {
      await called("inspect", idOrName, signal);
      return find(idOrName);
    },
    async settings(idOrName, signal) {
      await called("settings", idOrName, signal);
      const container = find(idOrName);
      return container === undefined ? undefined : settingsOf(container);
    },
    async image(reference, signal) {
      await called("image", reference, signal);
      return imageOf(reference);
    },
    async pull(reference, signal, { refresh } = { refresh: false }) {
      await called("pull", reference, signal);
      const content = upstream.get(reference);
      if (refresh && content !== undefined) pulled.set(reference, content);
      return imageOf(reference);
    },
    async imageLayers(signal) {
      await called("imageLayers", "", signal);
      return new Set<string>();
    },
    async loadImage(archive, signal) {
      await called("loadImage", "", signal);
      for await (const _chunk of archive()) signal?.throwIfAborted();
    },
    async tagImage(_id, name, signal) {
      await called("tagImage", name, signal);
    },
    async networkExists(name, signal) {
      await called("networkExists", name, signal);
      return true;
    },
    async create(request, signal) {
      await called("create", request.name, signal);
      if (find(request.name) !== undefined)
        fail("NAME_IN_USE", "already-exists", "the name is already in use");
      const container = aCreated(
        request,
        `${request.name}-${++created}`,
        imageOf(request.image),
        options.now(),
      );
      containers.set(container.id, container);
      return container.id;
    },
    async start(id, signal) {
      await called("start", id, signal);
      const container = require(id);
      if (container.state === "running") return;
      if (container.state === "stopping")
        fail("CONTAINER_STUCK", "failed-precondition", "it is being stopped");
      await requireFreePorts(container);
      const exits = container.image.endsWith(":exits");
      const ended = { state: "exited", pid: 0, exitCode: 1, exitedAtMs: options.now() } as const;
      const running = { state: "running", pid: process.pid } as const;
      change(id, { ...(exits ? ended : running), startedAtMs: options.now() });
    },
    async stop(id, signal) {
      await called("stop", id, signal);
      if (!["running", "stopping"].includes(require(id).state)) return;
      change(id, { state: "exited", pid: 0, exitedAtMs: options.now() });
    },
    async rename(id, name, signal) {
      await called("rename", id, signal);
      if (find(name) !== undefined) fail("NAME_IN_USE", "already-exists", "the name is already in use");
      change(id, { name });
    },
    async remove(id, signal) {
      await called("remove", id, signal);
      const container = find(id);
      if (container !== undefined) containers.delete(container.id);
    },
    async removeStopped(id, signal) {
      await called("removeStopped", id, signal);
      const container = find(id);
      if (container === undefined) return;
      if (["running", "stopping", "paused"].includes(container.state))
        fail("COMPONENT_RUNNING", "failed-precondition", "it is running");
      containers.delete(container.id);
    },
    async exec(id, _argv, _timeoutMs, signal) {
      await called("exec", id, signal);
      return { exitCode: require(id).image.endsWith(":sick") ? 1 : 0, output: "" };
    },
    async *logs(id, _options, signal) {
      const { name } = require(id);
      yield* printing.get(name)?.(signal) ?? [];
    },
    info: () =>
      Promise.resolve({
        version: "5.0.0",
        rootless: false,
        cgroupVersion: "v2",
        cgroupControllers: ["memory", "pids"],
        storageDriver: "overlay",
        mappedUserIds: 0,
        mappedGroupIds: 0,
      }),
    async storageDirectory(signal) {
      await called("storageDirectory", "", signal);
      return options.directory;
    },
    exitDirectories: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** @param content stands for what is in it */
function anImage(content: string): Image {
  const digest = `sha256:${content}`;
  return { id: digest, digest, digests: [digest], architecture: "", os: "", layers: [] };
}

function aCreated(request: ContainerRequest, id: string, made: Image, nowMs: number): ContainerDetails {
  const { name, image, labels, ports, network, env, user, restart } = request;
  return {
    id,
    name,
    image,
    imageId: made.id,
    state: "created",
    pid: 0,
    createdAtMs: nowMs,
    startedAtMs: 0,
    exitedAtMs: 0,
    exitCode: 0,
    labels,
    ports,
    networks: [network],
    outOfMemoryKilled: false,
    error: "",
    restartCount: 0,
    imageDigest: made.digest,
    command: request.cmd,
    env,
    user,
    restart,
    mounts: request.volumes,
    address: "",
  };
}

function settingsOf(container: ContainerDetails): ContainerSettings {
  const { networks, mounts, command, image, ...rest } = container;
  return {
    ...rest,
    image,
    network: networks[0] ?? "",
    networkAliases: [],
    volumes: mounts,
    cmd: command,
    imageNames: [image],
    imageDigests: [],
    removedAtEnd: false,
    beyond: [],
  };
}

function failure(code: string, category: DetailedError["category"], found: string): DetailedError {
  return new DetailedError({ code, category, attempted: "use the runtime", found });
}

function fail(code: string, category: DetailedError["category"], found: string): never {
  throw failure(code, category, found);
}
