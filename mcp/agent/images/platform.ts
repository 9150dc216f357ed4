import { readFile } from "node:fs/promises";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** What the node's own processor is called in images (Go's GOARCH). */
export function nodeArchitecture(arch: string = process.arch): string {
  return arch === "x64" ? "amd64" : arch;
}

/** Names that the kernel's emulations register under where they differ from the image's. */
const emulationNames: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64", "386": "i386" };

/** Whether the kernel runs programs of another architecture, by an emulation that is registered with it and on.
 * Source: Linux, Documentation/admin-guide/binfmt-misc.rst. */
export async function isEmulated(
  architecture: string,
  registrations = "/proc/sys/fs/binfmt_misc",
): Promise<boolean> {
  const name = emulationNames[architecture] ?? architecture;
  const state = await readFile(`${registrations}/qemu-${name}`, "utf8").catch(() => "");
  return state.startsWith("enabled");
}

/** Fails where the node cannot run an image. What the image does not say is taken for good.
 * @throws DetailedError IMAGE_WRONG_PLATFORM */
export async function requireRunnable(
  name: string,
  image: { readonly architecture: string; readonly os: string },
  node: { readonly architecture: string; readonly isEmulated: (architecture: string) => Promise<boolean> } = {
    architecture: nodeArchitecture(),
    isEmulated: (architecture) => isEmulated(architecture),
  },
): Promise<void> {
  const { architecture, os } = image;
  const isLinux = os === "" || os === "linux";
  if (isLinux && (architecture === "" || architecture === node.architecture)) return;
  if (isLinux && (await node.isEmulated(architecture))) return;
  throw new DetailedError({
    code: "IMAGE_WRONG_PLATFORM",
    category: "failed-precondition",
    attempted: "run image",
    subject: name,
    found: `it is for ${os === "" ? "linux" : os}/${architecture}, and this node is linux/${node.architecture}`,
    remedy: `build it for linux/${node.architecture}, e.g. with podman build --platform linux/${node.architecture}`,
    facts: { image: `${os}/${architecture}`, node: `linux/${node.architecture}` },
  });
}
