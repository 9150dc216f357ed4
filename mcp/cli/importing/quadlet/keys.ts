const security = "a definition cannot set capabilities, devices or security options";
const dns = "a definition cannot change name resolution";
const systemd = "the agent runs the container, without systemd";

const container: Readonly<Record<string, string>> = {
  AddCapability: security,
  AddDevice: security,
  DropCapability: security,
  GroupAdd: security,
  NoNewPrivileges: security,
  SeccompProfile: security,
  SecurityLabelDisable: security,
  SecurityLabelFileType: security,
  SecurityLabelLevel: security,
  SecurityLabelNested: security,
  SecurityLabelType: security,
  UserNS: security,
  UIDMap: security,
  GIDMap: security,
  SubUIDMap: security,
  SubGIDMap: security,
  RemapUsers: security,
  Mask: security,
  Unmask: security,
  DNS: dns,
  DNSOption: dns,
  DNSSearch: dns,
  AddHost: dns,
  Annotation: "a definition has no labels",
  Label: "a definition has no labels",
  AutoUpdate: "a version changes by a deploy",
  Entrypoint: "a definition has no entrypoint: the image's is used, and cmd is given to it",
  HostName: "a container's host name is its own name",
  NetworkAlias: "components are reached by their containers' names",
  IP: "only the network itself can be declared",
  IP6: "only the network itself can be declared",
  LogDriver: "the agent keeps the logs",
  LogOpt: "the agent keeps the logs",
  Mount: "a definition has volumes only; write it as a volume there",
  Notify: "a component counts as healthy by its health check",
  Pod: "there are no pods: components reach each other by their containers' names in a common network",
  PodmanArgs: "options of podman cannot be given",
  GlobalArgs: "options of podman cannot be given",
  ContainersConfModule: "options of podman cannot be given",
  Pull: "images are pulled where they are missing",
  Secret: "there are no secrets in a definition; use a volume with the file",
  StopSignal: "a definition has no stop signal: the image's is used",
  StopTimeout: "the agent decides how long a container has to stop",
  Tmpfs: "a definition has no temporary file systems",
  WorkingDir: "a definition has no working directory: the image's is used",
};

/** Keys of `[Container]` that are carried over. */
export const carried: ReadonlySet<string> = new Set([
  ...["Image", "Exec", "Environment", "EnvironmentFile", "PublishPort", "Volume", "Network", "User", "Group"],
  ...["ContainerName", "HealthCmd", "HealthInterval", "HealthTimeout", "HealthRetries", "HealthStartPeriod"],
]);

/** Keys that say nothing about what runs. */
const silent: ReadonlySet<string> = new Set([
  ...["Unit.Description", "Unit.Documentation", "Unit.After", "Unit.Requires", "Unit.Wants", "Unit.BindsTo"],
  ...["Unit.Before", "Unit.PartOf", "Service.Restart", "Container.RunInit", "Container.ServiceName"],
]);

/** Why a key is left out; undefined: there is nothing to say. */
export function reasonFor(section: string, key: string): string | undefined {
  if (section === "Install" || silent.has(`${section}.${key}`)) return undefined;
  if (section !== "Container") return systemd;
  if (carried.has(key)) return undefined;
  return Object.hasOwn(container, key) ? container[key] : "a definition has no such setting";
}
