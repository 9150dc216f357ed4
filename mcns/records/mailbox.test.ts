import assert from "node:assert/strict";
import { test } from "node:test";
import { mailboxName, mailboxText } from "./mailbox.ts";

const mailboxes: readonly [text: string, name: string][] = [
  ["hostmaster@example.org", "hostmaster.example.org"],
  ["first.last@example.org", String.raw`first\.last.example.org`],
  ["dns+alerts@example.org", String.raw`dns\+alerts.example.org`],
  [String.raw`back\slash@example.org`, String.raw`back\\slash.example.org`],
];

for (const [text, name] of mailboxes) {
  test(`the mailbox ${text} is the name ${name}, and the other way round`, () => {
    assert.equal(mailboxName(text), name);
    assert.equal(mailboxText(name), text);
  });
}

test("a mailbox may be given as the name that it is in the zone", () => {
  assert.equal(mailboxName("hostmaster.example.org."), "hostmaster.example.org");
});

test("half a mailbox is none", () => {
  for (const text of ["@example.org", "hostmaster@", "post@bücher.example"])
    assert.throws(() => mailboxName(text));
});
