/** Where everything of a mount is. */
export interface AcmeUrls {
  readonly directory: string;
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCertificate: string;
  readonly keyChange: string;
  readonly renewalInfo: string;
  account(id: string): string;
  orders(accountId: string): string;
  order(id: string): string;
  finalize(orderId: string): string;
  authorization(id: string): string;
  challenge(authorizationId: string, type: string): string;
  certificate(serialNumber: string): string;
  /** The account that a URL names; undefined where it names none of this mount. */
  accountId(url: string): string | undefined;
}

/** @param origin under which the client reached the server, e.g. `https://metacrypt.example.org:8443` */
export function acmeUrls(origin: string, mount: string): AcmeUrls {
  const at = (path: string): string => `${origin}/acme/${mount}/${path}`;
  return {
    directory: at("directory"),
    newNonce: at("new-nonce"),
    newAccount: at("new-account"),
    newOrder: at("new-order"),
    revokeCertificate: at("revoke-certificate"),
    keyChange: at("key-change"),
    renewalInfo: at("renewal-info"),
    account: (id) => at(`account/${id}`),
    orders: (id) => at(`account/${id}/orders`),
    order: (id) => at(`order/${id}`),
    finalize: (id) => at(`order/${id}/finalize`),
    authorization: (id) => at(`authorization/${id}`),
    challenge: (id, type) => at(`challenge/${id}/${type}`),
    certificate: (serialNumber) => at(`certificate/${serialNumber}`),
    accountId(url) {
      const prefix = at("account/");
      const id = url.startsWith(prefix) ? url.slice(prefix.length) : "";
      return /^[a-z0-9]{1,64}$/.test(id) ? id : undefined;
    },
  };
}
