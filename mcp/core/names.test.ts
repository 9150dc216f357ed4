import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { containerName, nextSuffix, previousSuffix, routeVariable, splitContainerName } from "./names.ts";

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);

describe("containerName", () => {
  test("is the bare name where service and component are called the same", () => {
    assert.equal(containerName("mc-proxy", "mc-proxy"), "mc-proxy");
    assert.equal(containerName("metacrypt", "api"), "metacrypt-api");
  });

  test("differs for the components of one service", () => {
    fc.assert(
      fc.property(label, label, label, (service, a, b) => {
        assert.equal(containerName(service, a) === containerName(service, b), a === b);
      }),
    );
  });

  test("never collides with the second container of a replacement", () => {
    fc.assert(
      fc.property(label, label, label, label, (service, component, other, another) => {
        for (const suffix of [nextSuffix, previousSuffix]) {
          assert.notEqual(containerName(service, component) + suffix, containerName(other, another));
        }
      }),
    );
  });
});

describe("splitContainerName", () => {
  test("knows mc-proxy as a service, not as component proxy of mc", () => {
    assert.deepEqual(splitContainerName("mc-proxy", ["mc-proxy"]), {
      service: "mc-proxy",
      component: "mc-proxy",
    });
    assert.deepEqual(splitContainerName("mc-proxy", []), { service: "mc", component: "proxy" });
    assert.deepEqual(splitContainerName("mc-proxy-api", ["mc", "mc-proxy"]), {
      service: "mc-proxy",
      component: "api",
    });
  });

  test("takes a name without an inner dash for both", () => {
    for (const name of ["mcr", "-mcr", "mcr-"]) {
      assert.deepEqual(splitContainerName(name, []), { service: name, component: name });
    }
  });

  test("finds what containerName joined, when the service is known", () => {
    fc.assert(
      fc.property(label, label, (service, component) => {
        const split = splitContainerName(containerName(service, component), [service]);
        assert.deepEqual(split, { service, component });
      }),
    );
  });

  test("always gives back a pair with the same container name", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.array(label, { maxLength: 3 }),
        (name, services) => {
          const { service, component } = splitContainerName(name, services);
          if (service !== "" && service !== component) assert.equal(containerName(service, component), name);
        },
      ),
    );
  });
});

describe("routeVariable", () => {
  test("is PORT without a name", () => assert.equal(routeVariable(""), "PORT"));

  test("is a variable name, different for different routes", () => {
    fc.assert(
      fc.property(label, label, (a, b) => {
        assert.match(routeVariable(a), /^PORT_[A-Z0-9_]+$/);
        assert.equal(routeVariable(a) === routeVariable(b), a === b);
      }),
    );
  });
});
