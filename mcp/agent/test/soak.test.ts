import assert from "node:assert/strict";
import { test } from "node:test";
import { takeCensus, takeStillCensus } from "@metacircular/testkit/census.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode } from "@metacircular/testkit/node.ts";
import { expectedRows, soak, type SoakState } from "@metacircular/testkit/soak.ts";

/** The counterpart with 1,000 deploys, which looks at memory too, is `make soak`. */
const deploys = 60;
/** Both services have been replaced, and one deploy has failed. */
const warmUp = 22;
/** The agent keeps connections for some time. */
const mostKeptConnections = 8;

test(`${deploys} deploys, some of which fail, leave nothing behind but their history`, async () => {
  await using node = await createTestNode();
  let before: SoakState | undefined;
  for await (const counts of soak(node, deploys)) {
    if (counts.deploys === warmUp) before = { counts, census: await takeStillCensus(node) };
    if (counts.deploys === deploys) await eventually(() => compare(counts));
  }

  async function compare(counts: SoakState["counts"]): Promise<void> {
    assert.ok(before !== undefined);
    const after = await takeCensus(node);
    const { socket: socketsBefore = 0, ...openBefore } = before.census.fileDescriptors;
    const { socket: socketsAfter = 0, ...openAfter } = after.fileDescriptors;
    assert.deepEqual(after.containers, ["beside-web running", "place-web running"]);
    assert.deepEqual(after.processes, before.census.processes);
    assert.deepEqual(after.files, before.census.files);
    assert.deepEqual(after.rows, expectedRows(before, counts));
    assert.deepEqual(openAfter, openBefore);
    assert.ok(
      socketsAfter <= socketsBefore + mostKeptConnections,
      `${socketsAfter} sockets, before ${socketsBefore}`,
    );
  }
});
