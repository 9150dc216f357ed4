import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";

/** The only variables that processes started from here inherit. Containers' monitors inherit them in turn. */
const inherited = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "XDG_RUNTIME_DIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "DBUS_SESSION_BUS_ADDRESS",
  "NODE_COMPILE_CACHE",
];

/** Where podman's own tools are; the PATH of a normal user on Debian lacks these. */
const systemDirectories = ["/usr/sbin", "/sbin"];

/** What a process started from here sees of `environment`. */
export function childEnvironment(environment: Environment): Record<string, string> {
  const chosen = Object.fromEntries(
    inherited.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  return { ...chosen, PATH: withSystemDirectories(chosen["PATH"] ?? "/usr/local/bin:/usr/bin:/bin") };
}

function withSystemDirectories(path: string): string {
  const present = path.split(":");
  return [...present, ...systemDirectories.filter((directory) => !present.includes(directory))].join(":");
}
