import { systemClock, type Clock } from "@metacircular/mcdsl/clock.ts";
import { X509Certificate } from "node:crypto";
import { CertificateAuthority } from "../ca/authority.ts";
import type { CertificateIssuer, IssuedRecord } from "../ca/issuer.ts";
import { profiles } from "../ca/profile.ts";
import type { AuthorityMaterial } from "../ca/store.ts";

/** An issuer in memory with the profile `server` alone, for tests of what asks an issuer. */
export async function plainIssuer(
  clock: Clock = systemClock,
): Promise<CertificateIssuer & { rootPem: string }> {
  const records = new Map<string, IssuedRecord>();
  let material: AuthorityMaterial | undefined;
  const authority = await CertificateAuthority.open({
    clock,
    commonName: "Plain test root",
    store: {
      load: () => Promise.resolve(material),
      save: (saved) => Promise.resolve(void (material = saved)),
      record: () => Promise.resolve(),
    },
  });
  return {
    rootPem: authority.certificatePem,
    async issue({ names, publicKey, lifetimeMs, requester, profile }) {
      const issued = await authority.issue(profiles.server, {
        names,
        publicKey,
        ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
      });
      const parsed = new X509Certificate(issued.certificatePem);
      const record: IssuedRecord = {
        ...issued,
        chainPem: issued.certificatePem,
        notBeforeMs: parsed.validFromDate.getTime(),
        names,
        commonName: names[0] ?? "",
        profile,
        requester,
        issuer: "root",
        fingerprint: parsed.fingerprint256.replaceAll(":", "").toLowerCase(),
        issuedMs: clock.now(),
        revocation: undefined,
      };
      records.set(issued.serialNumber, record);
      return record;
    },
    revoke(serialNumber, reason, by) {
      const record = records.get(serialNumber);
      if (record === undefined) throw new Error(`unknown ${serialNumber}`);
      records.set(serialNumber, { ...record, revocation: { atMs: clock.now(), reason, by } });
      return Promise.resolve();
    },
    find: (serialNumber) => records.get(serialNumber),
  };
}
