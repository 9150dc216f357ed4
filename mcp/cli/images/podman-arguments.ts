import type { BuildRequest } from "./image-runtime.ts";

type Argv = readonly [string, ...string[]];
type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that podman and the programs it starts need; nothing else of the caller's reaches a build. */
const passedVariables =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TMPDIR|TERM|XDG_\w+|CONTAINERS?_\w+|STORAGE_\w+|BUILDAH_\w+|REGISTRY_AUTH_FILE|DBUS_SESSION_BUS_ADDRESS|SSL_CERT_(?:FILE|DIR)|(?:https?|no|all|ftp)_proxy|(?:HTTPS?|NO|ALL|FTP)_PROXY)$/;

/** The environment of podman: what it needs of the caller's. */
export function podmanEnvironment(environment: Environment): Record<string, string> {
  const passed = Object.entries(environment).filter(([name]) => passedVariables.test(name));
  return Object.fromEntries(passed.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** `podman build`. Values of build arguments stand in the environment, where only this account sees them; but for those
 * named as a variable of podman's own, which would change what podman does. */
export function buildArguments(
  request: BuildRequest,
  idFile: string,
): { argv: Argv; variables: Readonly<Record<string, string>> } {
  const variables: Record<string, string> = {};
  const values = Object.entries(request.buildArguments).map(([name, value]) => {
    if (passedVariables.test(name)) return `--build-arg=${name}=${value}`;
    variables[name] = value;
    return `--build-arg=${name}`;
  });
  const argv: Argv = [
    "podman",
    "build",
    "--layers",
    "--force-rm",
    `--file=${request.dockerfile}`,
    `--iidfile=${idFile}`,
    `--platform=${request.platform}`,
    ...Object.entries(request.labels).map(([name, value]) => `--label=${name}=${value}`),
    ...(request.timestampS === undefined ? [] : [`--timestamp=${request.timestampS}`]),
    ...(request.noCache ? ["--no-cache"] : []),
    ...(request.pull ? ["--pull"] : []),
    ...values,
    ...request.secrets.map((secret) => `--secret=${secret}`),
    request.directory,
  ];
  return { argv, variables };
}

/** `podman push`.
 * @param files where the login, the authority and the digest stand */
export function pushArguments(
  id: string,
  image: string,
  files: {
    digestFile: string;
    authFile: string | undefined;
    certificateDirectory: string | undefined;
  },
): Argv {
  const { digestFile, authFile, certificateDirectory } = files;
  return [
    "podman",
    "push",
    `--digestfile=${digestFile}`,
    ...(authFile === undefined ? [] : [`--authfile=${authFile}`]),
    ...(certificateDirectory === undefined ? [] : [`--cert-dir=${certificateDirectory}`]),
    id,
    `docker://${image}`,
  ];
}
