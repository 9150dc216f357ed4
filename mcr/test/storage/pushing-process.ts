// A process that pushes until it is killed. Argument: the directory. It writes a line before each step of a push, and
// `stored <digest>` when the store has said so.
import { createHash, randomBytes, randomInt } from "node:crypto";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { systemClock as clock } from "@metacircular/mcdsl/clock.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openUploads } from "../../blobs/upload-files.ts";
import { formatDigest } from "../../digest.ts";

const pushersAtOnce = 4;
const directory = process.argv[2] ?? "";
const blobs = await openFileStore({ directory: join(directory, "blobs"), clock });
const uploads = await openUploads({ directory: join(directory, "uploads"), clock });

/** Few enough that the same content comes again and again. */
function randomBytesOf(seed: number): Buffer {
  const block = createHash("sha512").update(String(seed)).digest();
  return Buffer.alloc((seed % 7) * 300_000 + seed, block);
}

// Not through a stream: what is said has to be out before the process dies.
const say = (line: string): number => writeSync(1, `${line}\n`);

async function pushForever(): Promise<never> {
  for (;;) {
    // What is deleted again is content that nobody else pushes.
    const isPassing = randomInt(10) === 0;
    const bytes = isPassing ? randomBytes(randomInt(100_000)) : randomBytesOf(randomInt(40));
    const digest = formatDigest("sha256", createHash("sha256").update(bytes).digest("hex"));
    const upload = await uploads.begin("team/app");
    const middle = randomInt(bytes.length + 1);
    say("append");
    await uploads.append(upload, Readable.from([bytes.subarray(0, middle)]), {});
    await uploads.append(upload, Readable.from([bytes.subarray(middle)]), { offset: middle });
    say("finish");
    const { file, sizeBytes } = await uploads.finish(upload, digest);
    say("adopt");
    await blobs.adopt(file, digest, sizeBytes);
    say(`stored ${digest}`);
    if (isPassing) {
      say(`deleting ${digest}`);
      await blobs.delete(digest);
    }
  }
}

await Promise.all(Array.from({ length: pushersAtOnce }, pushForever));
