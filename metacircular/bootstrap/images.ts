import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Podman } from "../containers/podman.ts";
import { registryAddress } from "../platform.ts";
import type { Settings } from "../store/settings.ts";

/** What earlier versions built for the sample, without a registry. */
const earlierImages = ["localhost/hello-web:v1.0.0", "localhost/hello-ticker:v1.0.0"];

/** Removes from this machine's podman what came from the platform's registry.
 * @returns what stays because something else uses it */
export async function removeImages(podman: Podman, settings: Settings): Promise<string[]> {
  const images = [...(await podman.imagesOf(registryAddress(settings))), ...earlierImages];
  const kept: string[] = [];
  for (const image of images) {
    try {
      await podman.removeImage(image);
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      kept.push(image);
    }
  }
  return kept;
}
