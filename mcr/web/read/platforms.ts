import type { Descriptor } from "../../manifest/shown-manifest.ts";
import type { Sources } from "../sources.ts";
import { readConfiguration } from "./configuration.ts";

const mostRemembered = 5_000;
const mostCharacters = 100;

/** For which platform images are, by the digest of their configuration: what a digest stands for never changes. The least
 * recently used are forgotten. */
export class PlatformCache {
  readonly #platforms = new Map<string, string>();
  readonly #sources: Pick<Sources, "blobs" | "metadata">;

  constructor(sources: Pick<Sources, "blobs" | "metadata">) {
    this.#sources = sources;
  }

  /** Empty: it cannot be known.
   * @throws DetailedError BLOB_STORE_UNAVAILABLE */
  async platformOf(repository: string, config: Descriptor): Promise<string> {
    const key = `${repository}@${config.digest}`;
    const known = this.#platforms.get(key);
    if (known !== undefined) {
      this.#platforms.delete(key);
      this.#platforms.set(key, known);
      return known;
    }
    const configuration = await readConfiguration(this.#sources, repository, config);
    const platform = (configuration?.platform ?? "").slice(0, mostCharacters);
    if (configuration !== undefined) this.#platforms.set(key, platform);
    const [oldest] = this.#platforms.keys();
    if (oldest !== undefined && this.#platforms.size > mostRemembered) this.#platforms.delete(oldest);
    return platform;
  }
}
