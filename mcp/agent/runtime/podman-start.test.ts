import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { podmanError } from "./podman-errors.ts";
import { startContainer } from "./podman-start.ts";

const clock = { now: () => 0, sleep: () => Promise.resolve() };
const { logger } = captureLog();

/** How often podman was asked, when it fails with these messages first. */
async function asked(...messages: readonly string[]): Promise<number> {
  let calls = 0;
  const change = () => {
    const message = messages[calls++];
    return message === undefined
      ? Promise.resolve({ status: 204, text: "", version: "" })
      : Promise.reject(podmanError({ attempted: "start container", subject: "c1", message }));
  };
  await startContainer({ client: { change }, clock, logger }, "c1");
  return calls;
}

const collision = "netavark: code: 1, msg: iptables: Chain already exists.\n";

describe("starting a container", () => {
  test("is tried again while another program changes the firewall", async () => {
    assert.equal(await asked(), 1);
    assert.equal(await asked(collision, collision), 3);
  });

  test("ends with the collision when it goes on, and with anything else at once", async () => {
    const always = Array.from({ length: 9 }, () => collision);
    await assert.rejects(asked(...always), { code: "FIREWALL_BUSY" });
    await assert.rejects(asked("listen tcp4 127.0.0.1:1: bind: address already in use"), {
      code: "PORT_IN_USE",
    });
  });
});
