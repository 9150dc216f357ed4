import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { type Key, KeySchema, KeyService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { readName } from "../records/name.ts";
import { RecordProblem } from "../records/record-problem.ts";
import { isAlgorithm, type KeyStore } from "../store/key-store.ts";
import type { KeyFacts } from "../store/key-table.ts";
import { keyNotFound } from "../store/zone-errors.ts";
import { macBytesOf, type TsigAlgorithm, tsigAlgorithms } from "../transfer/tsig-key.ts";
import { type Name, parseName } from "../wire/name.ts";

const leastSecretBytes = 16;
const mostSecretBytes = 512;

/** TSIG keys by gRPC and REST. The secret is in the answer to `CreateKey` only.
 * @param parts.randomBytes of a source that nobody can predict */
export function keyService(parts: {
  keys: KeyStore;
  randomBytes: (length: number) => Uint8Array;
}): ApiService {
  const { keys, randomBytes } = parts;
  return apiService(KeyService, {
    listKeys: () => ({ keys: keys.list().map((key) => keyMessage(key, key.zones)) }),
    createKey(request, context) {
      const name = keyName(request.name);
      const algorithm = algorithmOf(request.algorithm);
      const secret =
        request.secret === ""
          ? randomBytes(macBytesOf({ name, algorithm, secret: new Uint8Array() }))
          : secretOf(request.secret, name);
      const facts = keys.add({ name, algorithm, secret }, callerOf(context).name);
      return { key: keyMessage(facts, []), secret: Buffer.from(secret).toString("base64") };
    },
    deleteKey({ name }, context) {
      const known = parseName(name);
      if (known === undefined) throw keyNotFound(name.slice(0, 80));
      keys.remove(known, callerOf(context).name);
      return {};
    },
  });
}

function keyMessage({ name, algorithm, createdAtMs, createdBy }: KeyFacts, zones: readonly Name[]): Key {
  const created = timestampFromMs(createdAtMs);
  return create(KeySchema, { name, algorithm, created, createdBy, zones: [...zones] });
}

function keyName(text: string): Name {
  try {
    const name = text === "@" ? "" : readName(text, "");
    if (name !== "") return name;
    throw new RecordProblem("it is no name", { hint: 'such as "secondary.example.org"' });
  } catch (thrown) {
    if (!(thrown instanceof RecordProblem)) throw thrown;
    throw invalid(text, thrown.message, thrown.hint);
  }
}

function algorithmOf(text: string): TsigAlgorithm {
  const algorithm = text === "" ? "hmac-sha256" : text.toLowerCase();
  if (isAlgorithm(algorithm)) return algorithm;
  throw invalid(text, "there is no such algorithm here", `use one of ${tsigAlgorithms.join(", ")}`);
}

/** The secret itself is in no message. */
function secretOf(text: string, name: Name): Uint8Array {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(text);
  const secret = Buffer.from(text, "base64");
  if (!isBase64) throw invalid(name, "its secret is not base64", "leave it out, and one is made");
  if (secret.length >= leastSecretBytes && secret.length <= mostSecretBytes) return secret;
  const found = `its secret has ${secret.length} bytes`;
  throw invalid(
    name,
    found,
    `use ${leastSecretBytes} to ${mostSecretBytes}, or leave it out, and one is made`,
  );
}

function invalid(subject: string, found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "TSIG_KEY_INVALID",
    category: "invalid-argument",
    attempted: "add the key",
    subject: JSON.stringify(subject.slice(0, 80)),
    found,
    remedy,
  });
}
