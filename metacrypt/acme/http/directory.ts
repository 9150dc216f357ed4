import type { MountContext } from "../context.ts";
import type { AcmeAnswer } from "./answer.ts";

/** RFC 8555, section 7.1.1; RFC 9773, section 3. */
export function directory({ urls, settings }: MountContext): AcmeAnswer {
  const { termsOfServiceUrl, websiteUrl, externalAccountRequired } = settings;
  return {
    status: 200,
    body: {
      newNonce: urls.newNonce,
      newAccount: urls.newAccount,
      newOrder: urls.newOrder,
      revokeCert: urls.revokeCertificate,
      keyChange: urls.keyChange,
      renewalInfo: urls.renewalInfo,
      meta: {
        ...(termsOfServiceUrl === "" ? {} : { termsOfService: termsOfServiceUrl }),
        ...(websiteUrl === "" ? {} : { website: websiteUrl }),
        externalAccountRequired,
      },
    },
  };
}
