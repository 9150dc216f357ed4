/** The certificate of an authority and the key it signs with. */
export interface AuthorityMaterial {
  readonly certificatePem: string;
  /** Secret. */
  readonly privateKeyPem: string;
}

/** Where an authority keeps what must survive. */
export interface AuthorityStore {
  /** Undefined before the first save. */
  load(): Promise<AuthorityMaterial | undefined>;
  /** Either all of it is stored or nothing. */
  save(material: AuthorityMaterial): Promise<void>;
  /** Called before a certificate leaves the authority, so that every one it ever signed can be revoked. */
  record(serialNumber: string, certificatePem: string): Promise<void>;
}
