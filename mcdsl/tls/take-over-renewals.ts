import type { Clock } from "../clock.ts";
import type { Logger } from "../log/logger.ts";
import { createCertificateReloader } from "./certificate-reloader.ts";
import type { ServerTlsOptions } from "./options.ts";

const lookForRenewalMs = 60_000;

/** Looks once a minute for a certificate that was renewed on disk, until the signal aborts. New connections get it,
 * open ones keep theirs. */
export async function takeOverRenewals(
  server: { setSecureContext(tls: ServerTlsOptions): void },
  {
    tls,
    clock,
    logger,
  }: {
    readonly tls: { readonly certFile: string; readonly keyFile: string };
    readonly clock: Clock;
    readonly logger: Logger;
  },
  stopping: AbortSignal,
): Promise<void> {
  const reload = createCertificateReloader({
    files: tls,
    clock,
    use: (renewed) => {
      server.setSecureContext(renewed);
      logger.info({ certFile: tls.certFile }, "using the renewed certificate");
    },
  });
  const isTime = () =>
    clock.sleep(lookForRenewalMs, stopping).then(
      () => true,
      () => false,
    );
  while (await isTime()) {
    try {
      reload();
    } catch (error) {
      logger.error({ error }, "cannot use the renewed certificate yet; the old one stays");
    }
  }
}
