import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { describe, test } from "node:test";
import { directoriesOf, layoutOf, type StateLayout } from "../store/layout.ts";
import { ensureCertificates } from "./certificates.ts";

const dayMs = 24 * 60 * 60 * 1_000;
const nowMs = Date.parse("2026-11-21T12:00:00Z");

function at(timeMs: number) {
  return { now: () => timeMs, sleep: () => Promise.resolve() };
}

async function makeLayout(root: string): Promise<StateLayout> {
  const layout = layoutOf(root);
  for (const path of directoriesOf(layout)) await mkdir(path, { recursive: true });
  return layout;
}

const all = ["mcias", "metacrypt", "mcns", "mcr", "mcp-agent"];

describe("certificates", () => {
  test("are issued once, and again when a third of their time is left", async () => {
    await using directory = await createTemporaryDirectory();
    const layout = await makeLayout(directory.path);
    assert.deepEqual(await ensureCertificates(layout, at(nowMs)), all);
    const root = await readFile(layout.authorityCertificate, "utf8");
    assert.deepEqual(await ensureCertificates(layout, at(nowMs)), []);
    assert.deepEqual(await ensureCertificates(layout, at(nowMs + 59 * dayMs)), []);
    assert.deepEqual(await ensureCertificates(layout, at(nowMs + 61 * dayMs)), all);
    assert.equal(await readFile(layout.authorityCertificate, "utf8"), root);
  });

  test("are issued again when the key is missing, another one, or the authority is new", async () => {
    await using directory = await createTemporaryDirectory();
    const layout = await makeLayout(directory.path);
    await ensureCertificates(layout, at(nowMs));
    await rm(layout.agent.key);
    assert.deepEqual(await ensureCertificates(layout, at(nowMs)), ["mcp-agent"]);
    await copyFile(layout.agent.key, layout.identity.key);
    assert.deepEqual(await ensureCertificates(layout, at(nowMs)), ["mcias"]);
    await rm(layout.authority, { recursive: true });
    assert.deepEqual(await ensureCertificates(layout, at(nowMs)), all);
    assert.deepEqual(await ensureCertificates(layout, at(nowMs)), []);
  });
});
