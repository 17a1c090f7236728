// Deltas: the seeds of the server's own fuzzing in both formats, and a room that falls out of step.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codec } from "../src/sdk/codec.ts";
import { applyDelta, Mismatch, viewHash } from "../src/sdk/delta.ts";
import { Bolide } from "../src/sdk/index.ts";
import { FakePlatform, welcome } from "./platform.js";

const FORMATS = ["json", "msgpack"];
const g = (steps) => steps / 32768;

/** The snapshot and the delta of a seed: the format's letter, the snapshot's length in two bytes, the two frames. */
function seed(format, name) {
  const bytes = readFileSync(new URL(`../../fuzz/corpus/delta_apply/${format}-${name}`, import.meta.url));
  const split = 3 + bytes.readUInt16LE(1);
  const frame = (from, to) =>
    format === "json" ? bytes.toString("utf8", from, to) : Uint8Array.from(bytes.subarray(from, to)).buffer;
  const { decode } = codec(format);
  return { before: decode(frame(3, split)), delta: decode(frame(split)) };
}

const BEFORE = {
  t: "snapshot",
  tick: 100,
  phase: "fighting",
  phaseEnds: 5400,
  players: [
    { id: 0, x: g(100), y: g(200), health: 50, life: "alive" },
    { id: 1, x: g(3000), y: g(4000), health: 40, life: "alive" },
  ],
  fireballs: [{ id: 7, owner: 0, fromX: g(100), fromY: g(200), towardX: g(9000), towardY: g(200), since: 95 }],
  acks: [{ player: 0, seq: 4 }],
};

/** What each seed gives, and the hash of it. */
const AFTER = {
  nothing: { ...BEFORE, tick: 101 },
  moved: { ...BEFORE, tick: 101, players: [{ ...BEFORE.players[0], x: g(101), y: g(201) }, BEFORE.players[1]] },
  // Carries the hash of what it gives, worked out by another program from the text of docs/protocol.md.
  hashed: { ...BEFORE, tick: 101, players: [{ ...BEFORE.players[0], x: g(101), y: g(-201) }, BEFORE.players[1]] },
  whole: {
    t: "snapshot",
    tick: 101,
    phase: "over",
    phaseEnds: null,
    players: [
      { id: 1, x: g(1), y: g(2), health: 30, life: "alive" },
      { id: 2, x: g(1), y: g(2), health: 50, life: "alive" },
    ],
    fireballs: [{ id: 8, owner: 1, fromX: g(5), fromY: g(5), towardX: g(900), towardY: g(5), since: 100 }],
    acks: [{ player: 1, seq: 9 }],
  },
};

test("a delta gives the same snapshot in both formats, and leaves the one before as it was", () => {
  for (const format of FORMATS) {
    for (const [name, after] of Object.entries(AFTER)) {
      const { before, delta } = seed(format, name);
      assert.deepEqual(before, BEFORE, `${format}-${name}`);
      assert.equal(delta.hash !== null, name === "hashed");
      assert.deepEqual(applyDelta(before, delta), after, `${format}-${name}`);
      assert.deepEqual(before, BEFORE, `${format}-${name}`);
    }
  }
});

test("a delta on another snapshot, or to what is not there, does not fit", () => {
  for (const format of FORMATS) {
    for (const [name, why] of [["wrong-base", "base"], ["gone-unknown", "content"]]) {
      const { before, delta } = seed(format, name);
      assert.throws(() => applyDelta(before, delta), { name: "Mismatch", why }, `${format}-${name}`);
    }
  }
});

test("who moved must be there", () => {
  const { before, delta } = seed("json", "moved");
  const moved = (change) => () => applyDelta(before, { ...delta, ...change });
  assert.throws(moved({ players: [{ id: 9, x: 0, y: 0 }] }), Mismatch);
  assert.throws(moved({ gone: [0] }), Mismatch);
});

test("what is new goes to its place by id", () => {
  const { before, delta } = seed("json", "nothing");
  const born = [12, 3].map((id) => ({ ...BEFORE.fireballs[0], id }));
  assert.deepEqual(
    applyDelta(before, { ...delta, born }).fireballs.map(({ id }) => id),
    [3, 7, 12],
  );
});

/** The rule of docs/protocol.md, in another arithmetic. */
function slowHash(words) {
  const next = (hash, word) => BigInt.asUintN(32, (hash ^ BigInt.asUintN(32, BigInt(word))) * 16777619n);
  return Number(words.reduce(next, 2166136261n));
}

test("the hash of a view is that of its words", () => {
  const words = [100, 2, 1, 5400, 2, 0, 100, 200, 50, 0, 1, 3000, 4000, 40, 0];
  words.push(1, 7, 0, 100, 200, 9000, 200, 95, 1, 0, 4);
  assert.equal(viewHash(BEFORE), slowHash(words));
  const left = { id: 3, x: g(-5), y: g(-2097152), health: 0, life: "left" };
  const acks = [{ player: 3, seq: 4294967295 }];
  const edge = { ...BEFORE, phase: "over", phaseEnds: null, players: [left], fireballs: [], acks };
  assert.equal(viewHash(edge), slowHash([100, 3, 0, 1, 3, -5, -2097152, 0, 2, 0, 1, 3, 4294967295]));
});

test("a hash that is right is no hindrance, a wrong one is a mismatch", () => {
  for (const format of FORMATS) {
    const { before, delta } = seed(format, "whole");
    const hash = viewHash(AFTER.whole);
    assert.deepEqual(applyDelta(before, { ...delta, hash }), AFTER.whole);
    assert.throws(() => applyDelta(before, { ...delta, hash: hash ^ 1 }), { name: "Mismatch", why: "hash" });
  }
});

async function stay() {
  const platform = new FakePlatform();
  const joining = new Bolide("http://host:1", { codec: "json", platform }).joinOrCreate({ name: "Ada" });
  platform.last.open();
  platform.last.say(welcome());
  const room = await joining;
  const seen = [];
  room.onSnapshot(({ tick, players }) => seen.push([tick, players.length]));
  const snapshot = (tick) => platform.last.say([1, tick, 2, null, [[4, 0.5, 0.5, 50, 0]], [], []]);
  const delta = (tick, age, { gone = [], hash = null } = {}) =>
    platform.last.say([4, tick, age, null, [], gone, [], [], [], [], hash, "more"]);
  const asked = () => platform.last.sent.filter(({ t }) => t === "resync").length;
  return { platform, room, seen, snapshot, delta, asked };
}

test("a room makes whole snapshots of deltas, also of those that stand still", async () => {
  const { room, seen, snapshot, delta, asked } = await stay();
  snapshot(10);
  delta(11, 1);
  delta(15, 4, { gone: [4] });
  delta(15, 0);
  snapshot(1);
  delta(2, 1);
  assert.deepEqual(seen, [[10, 1], [11, 1], [15, 0], [15, 0], [1, 1], [2, 1]]);
  assert.equal(asked(), 0);
  assert.deepEqual(room.stats, { snapshots: 2, deltas: 4, resyncs: 0 });
});

test("a delta that does not fit is answered with one resync, and nothing is seen until the next snapshot", async () => {
  for (const misfit of [[14, 3], [11, 1, { gone: [5] }], [11, 1, { hash: 1 }]]) {
    const { room, seen, snapshot, delta, asked } = await stay();
    snapshot(10);
    delta(...misfit);
    delta(11, 1);
    delta(12, 1);
    assert.deepEqual(seen, [[10, 1]]);
    assert.equal(asked(), 1);
    snapshot(20);
    delta(21, 1);
    assert.deepEqual(seen.slice(1), [[20, 1], [21, 1]]);
    delta(30, 1);
    assert.equal(asked(), 2);
    assert.equal(room.stats.resyncs, 2);
  }
});

test("a delta without a snapshot before it is asked about, and a new connection begins anew", async () => {
  const { platform, seen, snapshot, delta, asked } = await stay();
  delta(11, 1);
  assert.equal(asked(), 1);
  platform.last.drop(1006);
  platform.advance(375);
  platform.last.open();
  platform.last.say(welcome({ resume: "token-2" }));
  snapshot(40);
  platform.last.drop(1006);
  platform.advance(750);
  platform.last.open();
  platform.last.say(welcome({ resume: "token-3" }));
  delta(41, 1);
  assert.deepEqual(seen, [[40, 1]], "the old connection's snapshot is no base");
  assert.equal(asked(), 1);
});
