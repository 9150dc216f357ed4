import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { isRoutePortFree, portProblem } from "./port-problem.ts";

test("a port that nothing uses can be published", async () => {
  const hostPort = await freePort();
  assert.equal(await portProblem({ address: "", hostPort, containerPort: 80, protocol: "tcp" }), undefined);
  assert.equal(await portProblem({ address: "", hostPort, containerPort: 80, protocol: "udp" }), undefined);
});

test("a port that something listens on cannot, on any address that covers it", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: hostPort } = server.address() as AddressInfo;
  const problem = (address: string) => portProblem({ address, hostPort, containerPort: 80, protocol: "tcp" });
  assert.equal(await problem("127.0.0.1"), "another process on the node has it");
  assert.equal(await isRoutePortFree(hostPort), false);
  assert.equal(await problem("127.0.0.2"), undefined);
  server.close();
});

test("an address of another machine is named as the problem", async () => {
  const hostPort = await freePort();
  const mapping = { address: "192.0.2.1", hostPort, containerPort: 80, protocol: "tcp" } as const;
  assert.equal(await portProblem(mapping), "the node has no such address");
});
