import { createCommand } from "./podman-args.ts";
import type { PodmanCall } from "./podman-client.ts";
import { containerSpec } from "./podman-spec.ts";
import type { ContainerRequest } from "./runtime.ts";

/* Every call as data: the request, the equivalent command, how long it may take, and its words in an error. */

const readLimitMs = 30_000;
const changeLimitMs = 60_000;
const pullLimitMs = 15 * 60_000;
const removeLimitMs = 20_000;
/** What podman needs beyond the container's own stop timeout to kill and clean up. */
const stopMarginMs = 15_000;

const container = (id: string): string => `/containers/${encodeURIComponent(id)}`;

export function versionCall(): PodmanCall {
  return {
    ...{ method: "GET", path: "/version", limitMs: readLimitMs },
    ...{ attempted: "ask podman's version", subject: "", command: ["podman", "version"] },
  };
}

export function infoCall(): PodmanCall {
  return {
    ...{ method: "GET", path: "/info", limitMs: readLimitMs },
    ...{ attempted: "ask podman how it is set up", subject: "", command: ["podman", "info"] },
  };
}

export function listCall(): PodmanCall {
  return {
    ...{ method: "GET", path: "/containers/json", query: { all: true }, limitMs: readLimitMs },
    ...{ attempted: "list containers", subject: "", command: ["podman", "ps", "--all", "--format", "json"] },
  };
}

export function inspectCall(id: string): PodmanCall {
  return {
    ...{ method: "GET", path: `${container(id)}/json`, accept: [404], limitMs: readLimitMs },
    ...{ attempted: "inspect container", subject: id, command: ["podman", "inspect", id] },
  };
}

export function imageCall(reference: string): PodmanCall {
  return {
    ...{ method: "GET", path: `/images/${encodeURIComponent(reference)}/json`, limitMs: readLimitMs },
    ...{ accept: [404], attempted: "inspect image", subject: reference },
    command: ["podman", "image", "inspect", reference],
  };
}

/** How a pull logs in, where the image is in a registry that there is a login for. */
export interface PullLogin {
  /** Value of `X-Registry-Auth`. */
  readonly header: string;
  /** Files that the command has in its place: it shows no secret. */
  readonly authFile: string;
  readonly certificateDirectory: string | undefined;
}

export function pullCall(reference: string, policy: "missing" | "always", login?: PullLogin): PodmanCall {
  const { authFile = "", certificateDirectory } = login ?? {};
  return {
    ...{ method: "POST", path: "/images/pull", query: { reference, policy, quiet: true } },
    ...{ attempted: "pull image", subject: reference, limitMs: pullLimitMs },
    ...(login === undefined ? {} : { headers: { "x-registry-auth": login.header } }),
    command: [
      // Version 4 has no --policy here; a pull that is asked for by hand is for the newest anyway.
      ...["podman", "pull"],
      ...(authFile === "" ? [] : ["--authfile", authFile]),
      ...(certificateDirectory === undefined ? [] : ["--cert-dir", certificateDirectory]),
      reference,
    ],
  };
}

export function imagesCall(): PodmanCall {
  return {
    ...{ method: "GET", path: "/images/json", query: { all: true }, limitMs: readLimitMs },
    ...{ attempted: "list images", subject: "" },
    command: ["podman", "images", "--all", "--format", "json"],
  };
}

/** @param content of the archive, from its beginning at each call */
export function loadCall(content: () => AsyncIterable<Uint8Array>): PodmanCall {
  return {
    ...{ method: "POST", path: "/images/load", content, limitMs: pullLimitMs },
    ...{ attempted: "load image", subject: "", command: ["podman", "load"] },
  };
}

export function tagCall(id: string, name: string): PodmanCall {
  const colon = name.lastIndexOf(":");
  const query = { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
  return {
    ...{ method: "POST", path: `/images/${encodeURIComponent(id)}/tag`, query, limitMs: changeLimitMs },
    ...{ attempted: "tag image", subject: name, command: ["podman", "tag", id, name] },
  };
}

export function networkCall(name: string): PodmanCall {
  return {
    ...{ method: "GET", path: `/networks/${encodeURIComponent(name)}/exists`, accept: [404] },
    ...{ attempted: "look for network", subject: name, limitMs: readLimitMs },
    command: ["podman", "network", "exists", name],
  };
}

export function createCall(request: ContainerRequest): PodmanCall {
  return {
    ...{ method: "POST", path: "/containers/create", body: containerSpec(request), limitMs: changeLimitMs },
    ...{ attempted: "create container", subject: request.name, command: createCommand(request) },
  };
}

export function startCall(id: string): PodmanCall {
  return {
    ...{ method: "POST", path: `${container(id)}/start`, limitMs: changeLimitMs },
    ...{ attempted: "start container", subject: id, command: ["podman", "start", id] },
  };
}

export function unpauseCall(id: string): PodmanCall {
  return {
    ...{ method: "POST", path: `${container(id)}/unpause`, limitMs: changeLimitMs },
    ...{ attempted: "resume container", subject: id, command: ["podman", "unpause", id] },
  };
}

export function stopCall(id: string, stopTimeoutS: number): PodmanCall {
  return {
    ...{ method: "POST", path: `${container(id)}/stop`, accept: [404] },
    ...{ attempted: "stop container", subject: id, limitMs: stopTimeoutS * 1000 + stopMarginMs },
    command: ["podman", "stop", id],
  };
}

export function renameCall(id: string, name: string): PodmanCall {
  return {
    ...{ method: "POST", path: `${container(id)}/rename`, query: { name }, limitMs: changeLimitMs },
    ...{ attempted: "rename container", subject: `${id} to ${name}` },
    command: ["podman", "rename", id, name],
  };
}

export function removeCall(id: string, { keepVolumes } = { keepVolumes: false }): PodmanCall {
  // With `v`, the name that podman's reference gives it, version 4 leaves the volumes behind.
  const query = { force: true, v: !keepVolumes, volumes: !keepVolumes, timeout: 0 };
  const volumes = keepVolumes ? [] : ["--volumes"];
  return {
    ...{ method: "DELETE", path: container(id), query, accept: [404] },
    ...{ attempted: "remove container", subject: id, limitMs: removeLimitMs },
    command: ["podman", "rm", "--force", ...volumes, "--time", "0", id],
  };
}

/** As `removeCall`, but refused by podman where the container runs or is paused. */
export function removeStoppedCall(id: string, { keepVolumes } = { keepVolumes: false }): PodmanCall {
  const query = { force: false, v: !keepVolumes, volumes: !keepVolumes };
  return {
    ...{ method: "DELETE", path: container(id), query, accept: [404] },
    ...{ attempted: "remove container", subject: id, limitMs: removeLimitMs },
    command: ["podman", "rm", ...(keepVolumes ? [] : ["--volumes"]), id],
  };
}

/** First of the three requests that `podman exec` consists of. */
export function execCreateCall(id: string, argv: readonly string[]): PodmanCall {
  return {
    ...{ method: "POST", path: `${container(id)}/exec`, limitMs: changeLimitMs },
    body: { AttachStdout: true, AttachStderr: true, Cmd: argv },
    ...{ attempted: "run a command in container", subject: id, command: ["podman", "exec", id, ...argv] },
  };
}

/** Second: it runs while its output is read. */
export function execStartCall(id: string, session: string): PodmanCall {
  return {
    ...{ method: "POST", path: `/exec/${session}/start`, body: { Detach: false, Tty: false } },
    ...{ attempted: "run a command in container", subject: id, limitMs: changeLimitMs, command: [] },
  };
}

/** Third: how it ended, or its process while it has not. */
export function execInspectCall(id: string, session: string): PodmanCall {
  return {
    ...{ method: "GET", path: `/exec/${session}/json`, limitMs: readLimitMs },
    ...{ attempted: "ask how a command ended in container", subject: id, command: [] },
  };
}

export function logsCall(id: string, query: Readonly<Record<string, string | number | boolean>>): PodmanCall {
  return {
    ...{ method: "GET", path: `${container(id)}/logs`, limitMs: readLimitMs },
    query: { stdout: true, stderr: true, timestamps: true, ...query },
    ...{ attempted: "read the log of container", subject: id },
    command: ["podman", "logs", "--timestamps", ...(query["follow"] === true ? ["--follow"] : []), id],
  };
}
