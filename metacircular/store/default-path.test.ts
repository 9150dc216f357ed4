import assert from "node:assert/strict";
import { test } from "node:test";
import { stateDirectory } from "./default-path.ts";

const user = { uid: 1000, home: "/home/ada" };

test("the state directory is the one named, else the user's by the XDG specification", () => {
  assert.equal(stateDirectory("/srv/x/../y", user, {}), "/srv/y");
  assert.equal(
    stateDirectory(undefined, { uid: 0, home: "/root" }, { XDG_STATE_HOME: "/x" }),
    "/var/lib/metacircular",
  );
  assert.equal(stateDirectory(undefined, user, {}), "/home/ada/.local/state/metacircular");
  assert.equal(stateDirectory(undefined, user, { XDG_STATE_HOME: "/x" }), "/x/metacircular");
  assert.equal(
    stateDirectory(undefined, user, { XDG_STATE_HOME: "x" }),
    "/home/ada/.local/state/metacircular",
  );
});
