// Frames of both formats against the messages they mean.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { codec } from "../src/sdk/codec.ts";
import { toWire } from "../src/sdk/grid.ts";
import { DecodeError } from "../src/sdk/read.ts";
import { unpack } from "../src/sdk/unpack.ts";
import { ROYALE, RULES, welcome } from "./platform.js";

const json = codec("json");
const msgpack = codec("msgpack");
const fromJson = (value) => json.decode(JSON.stringify(value));
const fromMsgpack = (value) => {
  const bytes = encode(value);
  return msgpack.decode(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

test("an input is positional, in the coordinates of its format", () => {
  const input = { t: "input", seq: 7, forTick: null, view: 88, intent: "shoot", x: 0.5, y: 1 / 3 };
  assert.deepEqual(JSON.parse(json.encode(input)), [1, 7, null, 88, 2, 0.5, 0.33334]);
  assert.deepEqual(decode(msgpack.encode(input)), [1, 7, null, 88, 2, 16384, 10923]);
});

test("a stop ends after its intent", () => {
  const input = { t: "input", seq: 1, forTick: 12, view: null, intent: "stop", x: 0, y: 0 };
  assert.deepEqual(JSON.parse(json.encode(input)), [1, 1, 12, null, 0]);
});

test("five decimals round to the same grid step, over the whole range", () => {
  for (let steps = -64 * 32768; steps <= 64 * 32768; steps += 997) {
    assert.equal(Math.round(toWire(steps / 32768, "json") * 32768), steps);
  }
  assert.equal(toWire(1e9, "msgpack"), 64 * 32768);
});

test("the same snapshot in both formats gives the same places", () => {
  const expected = {
    t: "snapshot",
    tick: 90,
    phase: "fighting",
    phaseEnds: 5400,
    players: [{ id: 3, x: 10923 / 32768, y: 0.5, health: 40, life: "alive", motion: null }],
    fireballs: [{ id: 9, owner: 3, fromX: 0.25, fromY: 0.5, towardX: 1, towardY: 0.5, since: 88 }],
    acks: [{ player: 3, seq: 17 }],
  };
  const of = (place) => [
    1,
    90,
    2,
    5400,
    [[3, place(10923), place(16384), 40, 0]],
    [[9, 3, place(8192), place(16384), place(32768), place(16384), 88, "more"]],
    [[3, 17]],
    "a later version's element",
  ];
  assert.deepEqual(fromMsgpack(of((steps) => steps)), expected);
  assert.deepEqual(fromJson(of((steps) => Math.round((steps / 32768) * 1e5) / 1e5)), expected);
});

test("unknown messages, events and fields are ignored", () => {
  assert.equal(fromJson({ t: "weather", rain: true }), null);
  assert.equal(fromJson([99, 1]), null);
  assert.deepEqual(
    fromJson([
      3,
      5,
      [
        [77, "x"],
        [4, 2, 1, "more"],
      ],
    ]),
    {
      t: "events",
      tick: 5,
      events: [{ kind: "death", player: 2, by: 1 }],
    },
  );
  assert.deepEqual(fromJson({ t: "chat", from: 1, name: "Ada", text: "<b>", mood: 3 }), {
    t: "chat",
    from: 1,
    name: "Ada",
    text: "<b>",
  });
});

test("every event has its fields in order", () => {
  const { events } = fromJson([
    3,
    8,
    [
      [0, 1, 2],
      [1, 2, 0.5, 0.25],
      [2, 4, 1, 3, 0.5, 0.75, 30, 4],
      [3, 1, 0, 0, 1, 1],
      [4, 3, null],
      [5, 6],
      [6, 2, 48, "a later version's element"],
    ],
  ]);
  assert.deepEqual(events, [
    { kind: "shot", player: 1, fireball: 2 },
    { kind: "ended", fireball: 2, x: 0.5, y: 0.25 },
    { kind: "hit", fireball: 4, by: 1, victim: 3, x: 0.5, y: 0.75, health: 30, rewindTicks: 4 },
    { kind: "blink", player: 1, fromX: 0, fromY: 0, toX: 1, toY: 1 },
    { kind: "death", player: 3, by: null },
    { kind: "gone", player: 6 },
    { kind: "burned", player: 2, health: 48 },
  ]);
});

test("a private message says how far back shots may reach", () => {
  assert.deepEqual(fromJson([2, 9, 12, 40, [[5, 2]], 6, "more"]), {
    t: "private",
    tick: 9,
    fireballReady: 12,
    blinkReady: 40,
    refused: [{ seq: 5, why: "cooldown" }],
    rewindTicksMax: 6,
  });
});

test("the rules of a mode with a zone and of one without", () => {
  for (const rules of [RULES, ROYALE]) {
    assert.deepEqual(fromJson(welcome({ rules: { ...rules, weather: "later" } })).rules, rules);
  }
});

test("what does not follow the protocol is refused", () => {
  const bad = [
    7,
    "text",
    null,
    { t: 3 },
    { t: "chat", from: 1, name: "Ada" },
    [1, 2, 9, null, [], [], []],
    [1, "2"],
    [],
  ];
  for (const frame of bad) assert.throws(() => fromJson(frame), DecodeError, JSON.stringify(frame));
  assert.throws(() => json.decode("{"), DecodeError);
  assert.throws(() => json.decode(new ArrayBuffer(1)), DecodeError);
  assert.throws(() => msgpack.decode("text"), DecodeError);
  assert.throws(() => msgpack.decode(new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]).buffer), DecodeError);
});

test("what is sent in MessagePack is written in the shortest form that another encoder writes", () => {
  const integers = [0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, -1, -32, -33, -128, -129, -32768, -32769, -2097152];
  const texts = ["", "a", "ä".repeat(15), "ä".repeat(16), "小明".repeat(40), "🔥".repeat(64), "x".repeat(300)];
  for (const value of [...integers, ...texts, null, true, false, [], Array(15).fill(1), Array(16).fill(-5)]) {
    const message = { t: "chat", text: value, nothing: undefined };
    const expected = encode(message, { ignoreUndefined: true });
    assert.deepEqual([...msgpack.encode(message)], [...expected], JSON.stringify(value));
  }
  // Half a pair is no text of UTF-8: a server would refuse the frame.
  assert.deepEqual(decode(msgpack.encode({ t: "chat", text: "\ud800!" })), { t: "chat", text: "\ufffd!" });
  for (const text of [1.5, 2 ** 32, -(2 ** 31) - 1, Number.NaN]) {
    assert.throws(() => msgpack.encode({ t: "chat", text }), RangeError);
  }
});

const bufferOf = (bytes) => Uint8Array.from(bytes).buffer;

test("what comes in MessagePack is read as another decoder reads it, in every form", () => {
  const integers = [0, 127, 128, 255, 256, 65535, 65536, 4294967295, 2 ** 32, 2 ** 53 - 1, -1, -32, -33, -128, -129];
  const more = [-32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1, 0.5, -1e300, Number.MAX_VALUE];
  const texts = ["", "ä".repeat(16), "小明".repeat(40), "🔥".repeat(64), "x".repeat(300), "x".repeat(70_000)];
  const lists = [[], Array(15).fill(1), Array(16).fill(-5), Array(70_000).fill(null), [[true, [false]]]];
  const map = (size) => Object.fromEntries(Array.from({ length: size }, (_, index) => [`key ${index}`, [index]]));
  for (const value of [null, ...integers, ...more, ...texts, ...lists, map(0), map(15), map(16), map(70_000)]) {
    for (const forceFloat32 of [false, true]) {
      const bytes = encode(value, { forceFloat32 });
      assert.deepEqual(unpack(bufferOf(bytes)), decode(bytes));
    }
  }
  for (const size of [0, 255, 256, 65_536]) assert.equal(unpack(bufferOf(encode(new Uint8Array(size)))).length, size);
  // Lists and maps whose length is longer than it need be, and an extension of each form.
  assert.deepEqual(unpack(bufferOf([0xdd, 0, 0, 0, 1, 0xde, 0, 1, 0xd9, 1, 97, 0xd3, ...Array(8).fill(0xff)])), [{ a: -1 }]);
  for (const [head, size] of [[[0xd4], 1], [[0xd5], 2], [[0xd6], 4], [[0xd7], 8], [[0xd8], 16], [[0xc7, 3], 3], [[0xc8, 0, 2], 2]])
    assert.deepEqual(unpack(bufferOf([0x92, ...head, 9, ...Array(size).fill(1), 7])), [null, 7]);
});

test("a frame that is cut, too long, or of no kind is refused, wherever it is cut", () => {
  const bytes = encode({ t: "x", list: [1, 300, -70_000, 0.5, "ä".repeat(40)], more: { a: null } });
  for (let size = 0; size < bytes.length; size += 1) assert.throws(() => unpack(bufferOf(bytes.subarray(0, size))), String(size));
  assert.throws(() => unpack(bufferOf([...bytes, 0])));
  assert.throws(() => unpack(bufferOf([0xc1])));
  assert.throws(() => msgpack.decode(bufferOf(Array(100_000).fill(0x91))), DecodeError, "nested too deep");
});
