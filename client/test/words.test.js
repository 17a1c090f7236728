// Texts for players when something is refused: words of the page for each code, never the
// protocol's.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { dropped, farewell, refusal } from "../src/arena/words.ts";

const page = await readFile("../docs/protocol.md", "utf8");
const errors = page.slice(page.indexOf("\n## Errors"), page.indexOf("\n## Close codes"));
const codes = [...errors.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);

/** What the protocol says and a player must not have to understand. */
const PROTOCOL = /[`{}"]|\b(hello|resume|token|seat's|message|field|null|code')\b|leave out/;

test("each code of the protocol has words of its own for players", () => {
  assert.equal(codes.length, 15, codes.join());
  const other = refusal("something_new");
  for (const code of codes) {
    assert.notEqual(refusal(code), other, code);
    for (const asked of ["any", "link", "code"]) {
      const end = { code: null, error: code, message: "leave out `room` and 'code'", reload: false };
      const text = farewell(end, asked);
      assert.doesNotMatch(text, PROTOCOL, code);
      assert.match(text, /^[A-Z].*\.$/);
    }
  }
});

test("a refusal says what helps: another code, another name, another Play", () => {
  const told = (error, asked) => farewell({ code: null, error, message: "x", reload: false }, asked);
  assert.match(told("unknown_room", "code"), /No room has that code/);
  assert.match(told("unknown_room", "link"), /gone.*Play leads to another one/);
  assert.match(told("room_full", "link"), /taken.*Play leads to another one/);
  assert.doesNotMatch(told("room_full", "code"), /Play/);
  assert.match(told("out_of_range", "code"), /6 letters and digits, none of them 0, O, 1 or I/);
  assert.match(told("out_of_range", "any"), /name/);
  const message = "name is of nothing that can be seen; allowed is 1 to 24 characters";
  for (const asked of ["any", "link", "code"])
    assert.match(farewell({ code: null, error: "out_of_range", message, reload: false }, asked), /that name/);
});

test("a lost connection tells for how long the seat is kept, if that is known", () => {
  const drop = { error: null, message: "The connection was lost.", resumes: true };
  assert.equal(dropped(drop), "The connection was lost. Your seat is kept for a while.");
  assert.equal(dropped(drop, 12_001), "The connection was lost. Your seat is kept for 13 s.");
  assert.equal(dropped(drop, -1), "The connection was lost. Your seat may be gone by now.");
  assert.equal(dropped({ ...drop, resumes: false }, 9_000), "The connection was lost.");
});

test("an end without an error is told as the SDK tells it, with the advice to reload where that helps", () => {
  const end = { code: 1006, error: null, message: "The server cannot be reached.", reload: false };
  assert.equal(farewell(end, "any"), "The server cannot be reached.");
  assert.equal(farewell({ ...end, message: "This page is old.", reload: true }, "any"), "This page is old. Reload the page.");
});
