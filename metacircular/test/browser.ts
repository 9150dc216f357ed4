import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./metacircular.ts";

/** Chromium with a profile and a certificate store of its own. */
export interface Browser extends AsyncDisposable {
  /** The page as it is once it has loaded, as HTML. */
  show(url: string): Promise<string>;
  /** From now on certificates of this authority are good. */
  trust(caFile: string): Promise<void>;
}

/** @param hostRules names and where they lead, as Chromium's `--host-resolver-rules` takes them */
export async function createBrowser(hostRules: string): Promise<Browser> {
  const home = await createTemporaryDirectory();
  const certificates = join(home.path, ".pki", "nssdb");
  await mkdir(certificates, { recursive: true, mode: 0o700 });
  const store = `sql:${certificates}`;
  await run("certutil", ["-d", store, "-N", "--empty-password"]);
  return {
    async show(url) {
      const options = [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        `--user-data-dir=${join(home.path, "profile")}`,
        `--host-resolver-rules=${hostRules}`,
        ...["--timeout=120000", "--dump-dom"],
      ];
      return (await run("chromium", [...options, url], { ...process.env, HOME: home.path })).stdout;
    },
    async trust(caFile) {
      await run("certutil", ["-d", store, "-A", "-t", "C,,", "-n", "platform", "-i", caFile]);
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}
