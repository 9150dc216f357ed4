import { isVolumeOption } from "@metacircular/mcp-core/definition/volumes.ts";
import { beyondRequest } from "./podman-beyond.ts";
import { createOptions, type CreateOptions } from "./podman-create-command.ts";
import { parseInspected } from "./podman-output.ts";
import {
  defaultNetwork,
  type ImageSettings,
  type InspectedMount,
  type InspectedSettings,
  type SettingsInput,
} from "./podman-settings-input.ts";
import type { ContainerSettings } from "./runtime.ts";

/** What the container was created with, read from podman's answers about it and its image. */
export function parseSettings(
  container: InspectedSettings,
  image: ImageSettings | undefined,
): ContainerSettings {
  const details = parseInspected(container);
  const options = createOptions(container.Config.CreateCommand, details.command);
  const input = { container, image, options };
  const network = networkOf(input);
  const { cmd, entrypoint } = commandOf(input);
  const volumes = (container.Mounts ?? []).map((mount) => volumeOf(mount, options));
  return {
    id: details.id,
    name: details.name,
    image: details.image,
    imageId: details.imageId,
    imageNames: image?.RepoTags ?? [],
    imageDigests: digestsOf(container, image),
    state: details.state,
    labels: details.labels,
    removedAtEnd: container.HostConfig?.AutoRemove ?? false,
    network,
    networkAliases: aliasesOf(container),
    user: details.user === (image?.Config?.User ?? "") ? "" : details.user,
    restart: details.restart,
    ports: network === "host" || network === "none" ? [] : portsOf(container),
    volumes: volumes
      .flatMap(({ volume }) => volume)
      .toSorted((a, b) => (destination(a) < destination(b) ? -1 : 1)),
    env: environmentOf(input),
    cmd,
    beyond: [...entrypoint, ...volumes.flatMap(({ beyond }) => beyond), ...beyondRequest(input, network)],
  };
}

/** A local image has no digest among its names once its tag has moved, but is still found by it. */
function digestsOf(
  { ImageName, ImageDigest }: InspectedSettings,
  image: ImageSettings | undefined,
): string[] {
  const repository = (ImageName ?? "").replace(/@.*$/, "").replace(/:[^:/]+$/, "");
  const local = ImageDigest === undefined || repository === "" ? [] : [`${repository}@${ImageDigest}`];
  const listed = (image?.RepoDigests ?? []).filter((digest) => !local.includes(digest));
  return [...listed, ...local];
}

/** The network that was asked for, else the one it has joined since; empty for the default one. */
function networkOf({ container, options }: SettingsInput): string {
  const mode = container.HostConfig?.NetworkMode ?? "";
  const asked = options.values("--network", "--net").map((value) => value.split(/[:,]/, 1)[0] ?? "");
  const networks = Object.keys(container.NetworkSettings?.Networks ?? {});
  if (mode === "host" || mode === "none" || mode.startsWith("container:") || mode.startsWith("ns:"))
    return mode;
  if (networks.length === 0) return asked.includes(mode) ? mode : "";
  const chosen = asked.find((name) => networks.includes(name));
  return chosen ?? (networks.includes(defaultNetwork) ? "" : (networks[0] ?? ""));
}

/** Names besides those that every container has. */
function aliasesOf({ Id: id, NetworkSettings: settings }: InspectedSettings): string[] {
  const aliases = Object.values(settings?.Networks ?? {}).flatMap((joined) => joined.Aliases ?? []);
  return [...new Set(aliases)].filter((alias) => alias !== id.slice(0, 12));
}

function portsOf({ HostConfig }: InspectedSettings): string[] {
  const ports = Object.entries(HostConfig?.PortBindings ?? {}).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp = "", HostPort = "" }) => {
      const address =
        HostIp === "" || HostIp === "0.0.0.0" ? "" : `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:`;
      return { host: Number(HostPort), text: `${address}${HostPort}:${inside.replace(/\/tcp$/, "")}` };
    }),
  );
  return ports.toSorted((a, b) => a.host - b.host || (a.text < b.text ? -1 : 1)).map(({ text }) => text);
}

/** Names that podman gives to volumes nobody has named. */
const anonymous = /^[0-9a-f]{64}$/;

function volumeOf(mount: InspectedMount, options: CreateOptions): { volume: string[]; beyond: string[] } {
  const { Type: type, Destination: inside = "", Name: name = "" } = mount;
  if (type === "volume" && anonymous.test(name)) {
    const kept = `the contents of this one stay in podman volume ${name}`;
    return {
      volume: [],
      beyond: [`anonymous volume at ${inside}: a replacement begins with an empty one; ${kept}`],
    };
  }
  if (type !== "bind" && type !== "volume") return { volume: [], beyond: [`${type} mount at ${inside}`] };
  const usual = new Set(type === "volume" ? ["rbind", "nosuid", "nodev"] : ["rbind"]);
  const { Propagation: propagation = "" } = mount;
  const chosen = [
    ...(mount.RW === false ? ["ro"] : []),
    ...(mount.Options ?? []).filter((option) => !usual.has(option)),
    ...(propagation === "" || propagation === "rprivate" ? [] : [propagation]),
    ...relabelling(inside, mount, options),
  ];
  const carried = [...new Set(chosen)].filter(isVolumeOption);
  const lost = chosen.filter((option) => !isVolumeOption(option));
  const source = type === "volume" ? name : (mount.Source ?? "");
  return {
    volume: [[source, inside, ...(carried.length === 0 ? [] : [carried.join(",")])].join(":")],
    beyond: lost.map((option) => `option ${option} of the volume at ${inside}`),
  };
}

/** Podman does not keep these: they are done when the container is created. */
function relabelling(inside: string, { Mode: mode = "" }: InspectedMount, options: CreateOptions): string[] {
  const typed = options
    .values("--volume", "-v")
    .map((value) => value.split(":"))
    .find(([, place]) => place === inside);
  const wanted = new Set([...(typed?.[2] ?? "").split(","), mode]);
  return ["z", "Z", "U"].filter((option) => wanted.has(option));
}

function destination(volume: string): string {
  return volume.split(":")[1] ?? "";
}

const usualPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What was set for this container: not what its image sets, nor what podman gives to every one. */
function environmentOf({ container, image, options }: SettingsInput): string[] {
  const { Env: all, Hostname: hostname = "" } = container.Config;
  const given = new Set([
    ...(image?.Config?.Env ?? []),
    ...["TERM=xterm", "container=podman", usualPath, `HOSTNAME=${hostname}`],
  ]);
  return (all ?? []).filter(
    (entry) => !given.has(entry) && !(entry.startsWith("HOME=") && !isHomeSet(entry, options)),
  );
}

/** Podman takes the home directory from the container's list of users, which cannot be seen from here. */
function isHomeSet(entry: string, options: CreateOptions): boolean {
  if (!options.known) return !/^HOME=(\/|\/root|\/home\/[^/]*)$/.test(entry);
  if (options.values("--env-file", "--env-host").length > 0) return true;
  return options.values("--env", "-e").some((value) => value === "HOME" || value.startsWith("HOME="));
}

/** The arguments for the image's entry point; where that was replaced and the image has none, the whole command. */
function commandOf({ container, image }: SettingsInput): { cmd: readonly string[]; entrypoint: string[] } {
  const given = container.Config.Cmd ?? [];
  const started = [container.Path ?? "", ...(container.Args ?? [])];
  const argv = container.HostConfig?.Init === true ? started.slice(2) : started;
  const entrypoint = argv.slice(0, Math.max(0, argv.length - given.length));
  const own = image?.Config?.Entrypoint ?? [];
  if (isSame(entrypoint, own)) {
    return { cmd: isSame(given, image?.Config?.Cmd ?? []) ? [] : given, entrypoint: [] };
  }
  if (own.length === 0) return { cmd: argv, entrypoint: [] };
  return { cmd: given, entrypoint: [`entry point ${JSON.stringify(entrypoint)}`] };
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
