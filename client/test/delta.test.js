// Deltas: the seeds of the server's own fuzzing in both formats, and a room that falls out of step.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codec } from "../src/sdk/codec.ts";
import { applyDelta, Mismatch, viewHash } from "../src/sdk/delta.ts";
import { Bolide } from "../src/sdk/index.ts";
import { Motions } from "../src/sdk/motion.ts";
import { FakePlatform, RULES, welcome } from "./platform.js";

const FORMATS = ["json", "msgpack"];
const MOTIONS = new Motions(RULES, 30);
const g = (steps) => steps / 32768;
const stands = (id, x, y, health = 50) => ({ id, x: g(x), y: g(y), health, life: "alive", motion: null });

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
    stands(0, 100, 200),
    stands(1, 3000, 4000, 40),
  ],
  fireballs: [{ id: 7, owner: 0, fromX: g(100), fromY: g(200), towardX: g(9000), towardY: g(200), since: 95 }],
  acks: [{ player: 0, seq: 4 }],
};

/** What each seed gives, and the hash of it. */
const AFTER = {
  nothing: { ...BEFORE, tick: 101 },
  moved: { ...BEFORE, tick: 101, players: [{ ...BEFORE.players[0], x: g(101), y: g(201) }, BEFORE.players[1]] },
  // Carries the hash of what it gives, worked out by another program from the text of docs/protocol.md.
  hashed: { ...BEFORE, tick: 101, players: [stands(0, 101, -201), BEFORE.players[1]] },
  whole: {
    t: "snapshot",
    tick: 101,
    phase: "over",
    phaseEnds: null,
    players: [
      stands(1, 1, 2, 30),
      stands(2, 1, 2),
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
      assert.deepEqual(applyDelta(before, delta, MOTIONS), after, `${format}-${name}`);
      assert.deepEqual(before, BEFORE, `${format}-${name}`);
    }
  }
});

/** As far as the text of the protocol says where somebody is: the same other program worked that out, and the hash. */
const WALKS_AND_PUSHES = [
  { id: 0, at: [7644, 5675], kind: "walk", since: 93 },
  { id: 1, at: [1311, 16971], kind: "push", since: 97 },
  { id: 2, at: [20548, 20233], kind: "walk", since: 106 },
  { id: 3, at: [48465, 31129], kind: "push", since: 104 },
  { id: 4, at: [33315, 10131], kind: "walk", since: 101 },
  { id: 5, at: [8000, 26984] },
];

test("a delta of motions gives places, and the hash is that of the places", () => {
  for (const format of FORMATS) {
    const { before, delta } = seed(format, "hashed-events");
    const { tick, players, fireballs } = applyDelta(MOTIONS.seenAt(before, 100), delta, MOTIONS);
    assert.equal(tick, 107);
    assert.deepEqual(
      players.map(({ id, x, y, motion }) => ({
        id,
        at: [x * 32768, y * 32768],
        ...(motion === null ? {} : { kind: motion.kind, since: motion.since }),
      })),
      WALKS_AND_PUSHES,
    );
    assert.deepEqual(fireballs.map(({ id, owner }) => [id, owner]), [[7, null]]);
    const late = { ...delta, tick: 108, age: 8 };
    assert.throws(() => applyDelta(before, late, MOTIONS), { name: "Mismatch", why: "hash" });
  }
});

test("a delta on another snapshot, or to what is not there, does not fit", () => {
  for (const format of FORMATS) {
    for (const [name, why] of [["wrong-base", "base"], ["gone-unknown", "content"]]) {
      const { before, delta } = seed(format, name);
      assert.throws(() => applyDelta(before, delta, MOTIONS), { name: "Mismatch", why }, `${format}-${name}`);
    }
  }
});

test("who moved must be there", () => {
  const { before, delta } = seed("json", "moved");
  const moved = (change) => () => applyDelta(before, { ...delta, ...change }, MOTIONS);
  assert.throws(moved({ players: [{ id: 9, x: 0, y: 0, motion: null }] }), Mismatch);
  assert.throws(moved({ gone: [0] }), Mismatch);
});

test("what is new goes to its place by id", () => {
  const { before, delta } = seed("json", "nothing");
  const born = [12, 3].map((id) => ({ ...BEFORE.fireballs[0], id }));
  assert.deepEqual(
    applyDelta(before, { ...delta, born }, MOTIONS).fireballs.map(({ id }) => id),
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
  words.push(1, 7, 1, 0, 100, 200, 9000, 200, 95, 1, 0, 4);
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
    assert.deepEqual(applyDelta(before, { ...delta, hash }, MOTIONS), AFTER.whole);
    assert.throws(() => applyDelta(before, { ...delta, hash: hash ^ 1 }, MOTIONS), { name: "Mismatch", why: "hash" });
  }
});

async function stay(sync = "state") {
  const platform = new FakePlatform();
  const joining = new Bolide("http://host:1", { codec: "json", sync, platform }).joinOrCreate({ name: "Ada" });
  platform.last.open();
  platform.last.say(welcome());
  const room = await joining;
  const seen = [];
  room.onSnapshot(({ tick, players }) => seen.push([tick, players.length]));
  const snapshot = (tick) => platform.last.say([1, tick, 2, null, [[4, 0.5, 0.5, 50, 0]], [], []]);
  const delta = (tick, age, { gone = [], hash = null } = {}) =>
    platform.last.say([4, tick, age, [], [], [], [], hash, null, gone, [], "more"]);
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

test("a room that is told motions shows places, at each snapshot's tick and at any later one", async () => {
  const { platform, room, asked } = await stay("events");
  assert.equal(platform.last.sent[0].sync, "events");
  assert.equal(room.seenAt(3), null);
  const places = [];
  room.onSnapshot(({ players }) => places.push(players.map(({ x, y }) => [x, y].map((units) => units * 32768))));
  // 4 walks 327.68 steps a tick, to the right; 5 stands.
  platform.last.say([1, 10, 2, null, [[4, 0.5, 0.5, 50, 0, 1, 0.5, 8], [5, 0.25, 0.25, 50, 0]], [], []]);
  platform.last.say([4, 13, 3, [[5, 0.25, 0.5]]]);
  assert.deepEqual(places, [
    [[16384 + 655, 16384], [8192, 8192]],
    [[16384 + 1638, 16384], [8192, 16384]],
  ]);
  const at = (tick) => room.seenAt(tick).players[0].x * 32768;
  assert.deepEqual([at(13), at(14), at(900), at(1)], [18022, 18350, 32768, 18022]);
  assert.equal(room.seenAt(14).tick, 14);
  const after = room.seenAt(14);
  platform.last.say([4, 14, 1, [], [], [], [], viewHash(after)]);
  assert.equal(asked(), 0);
  platform.last.say([4, 15, 1, [], [], [], [], viewHash(after)]);
  assert.equal(asked(), 1, "the hash of other places");
});
