import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { requestJson } from "@metacircular/mcdsl/http/json-client.ts";

const timeoutMs = 10_000;

/** Resolves when a service says that it is ready.
 * @throws DetailedError `PROGRAM_NOT_HEALTHY`, or those of the connection */
export async function checkHttp(url: string, caFile: string, signal?: AbortSignal): Promise<void> {
  const { status } = await requestJson({ url: `${url}/healthz`, caFile, timeoutMs, signal });
  if (status === 200) return;
  throw new DetailedError({
    code: "PROGRAM_NOT_HEALTHY",
    category: "unavailable",
    attempted: "reach the service at",
    subject: url,
    found: `it answers /healthz with ${status}`,
  });
}
