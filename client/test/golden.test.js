// Every golden frame of net/tests/golden/frames.json, which the server encodes and decodes too: what this client makes of
// the server's, and that it writes a client's byte for byte.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codec } from "../src/sdk/codec.ts";
import { applyDelta, viewHash } from "../src/sdk/delta.ts";
import { LIVES, PHASES } from "../src/sdk/messages.ts";
import { Motions } from "../src/sdk/motion.ts";

const GOLDEN = JSON.parse(readFileSync(new URL("../../net/tests/golden/frames.json", import.meta.url), "utf8"));
const FRAMES = new Map(GOLDEN.map((frame) => [frame.name, frame]));
const from = (side) => GOLDEN.filter((frame) => frame.from === side);

const REFUSALS = ["not_fighting", "not_alive", "cooldown", "no_way"];
const steps = (x, y) => [x * 32768, y * 32768];
const units = (place) => place.map((value) => value / 32768);

/** A frame's bytes or text as a socket hands them over. */
function received(frame, format) {
  if (format === "json") return frame.json;
  return Uint8Array.from(Buffer.from(frame.msgpack, "hex")).buffer;
}

function motion({ x, y, motion: m }) {
  if (m === null) return { stand: steps(x, y) };
  const [begin, to] = [steps(m.fromX, m.fromY), steps(m.toX, m.toY)];
  return m.kind === "walk"
    ? { walk: { from: begin, to, since: m.since } }
    : { push: { from: begin, toward: to, since: m.since } };
}

const player = (p) => ({
  id: p.id,
  motion: motion(p),
  ...("health" in p ? { health: p.health, life: LIVES.indexOf(p.life) } : {}),
});

const fireball = ({ id, owner, since, ...f }) => ({
  id,
  owner,
  from: steps(f.fromX, f.fromY),
  toward: steps(f.towardX, f.towardY),
  since,
});

const EVENTS = {
  shot: (e) => e,
  ended: ({ fireball: id, x, y }) => ({ kind: "fizzled", fireball: id, at: steps(x, y) }),
  hit: ({ x, y, rewindTicks: rewind_ticks, ...e }) => ({ ...e, at: steps(x, y), rewind_ticks }),
  blink: (e) => ({ kind: "blinked", player: e.player, from: steps(e.fromX, e.fromY), to: steps(e.toX, e.toY) }),
  death: (e) => ({ ...e, kind: "died" }),
  gone: (e) => ({ ...e, kind: "left" }),
  burned: (e) => e,
};

const MEANINGS = {
  welcome: ({ tickRate: tick_rate, graceTicks: grace_ticks, ...m }) => ({ ...m, tick_rate, grace_ticks, rules: rounded(m.rules) }),
  bots: ({ fillTo: fill_to, ...m }) => ({ ...m, fill_to }),
  result: ({ nextInTicks: next_in_ticks, ...m }) => ({ ...m, next_in_ticks }),
  paused: ({ ticksLeft: ticks_left, ...m }) => ({ ...m, ticks_left }),
  snapshot: ({ tick, phase, phaseEnds: phase_ends, acks, ...m }) => ({
    tick,
    phase: PHASES.indexOf(phase),
    phase_ends,
    acks,
    players: m.players.map(player),
    fireballs: m.fireballs.map(fireball),
  }),
  delta: ({ phase, acksGone: acks_gone, ...m }) => ({
    ...m,
    acks_gone,
    phase: phase === null ? null : { ...phase, phase: PHASES.indexOf(phase.phase) },
    players: m.players.map(player),
    born: m.born.map(fireball),
  }),
  private: (m) => ({
    tick: m.tick,
    fireball_ready: m.fireballReady,
    blink_ready: m.blinkReady,
    refused: m.refused.map(({ seq, why }) => ({ seq, why: REFUSALS.indexOf(why) })),
    rewind_ticks_max: m.rewindTicksMax,
  }),
  events: (m) => ({ ...m, events: m.events.map((event) => EVENTS[event.kind](event)) }),
};

/** The server's numbers are 32-bit floats, which JSON writes shorter than they are. */
function rounded(rules) {
  if (typeof rules === "number") return Math.fround(rules);
  if (typeof rules !== "object" || rules === null) return rules;
  return Object.fromEntries(Object.entries(rules).map(([name, value]) => [name, rounded(value)]));
}

/** A decoded message in the words of the golden file. */
function meaning(message) {
  if (message === null) return null;
  const { t: kind, ...rest } = (MEANINGS[message.t] ?? ((m) => m))(message);
  return { ...rest, kind: kind ?? message.t };
}

test("every frame of the server means what it should, in both formats", () => {
  assert.ok(from("server").length >= 40);
  for (const frame of from("server")) {
    const expected =
      frame.meaning?.kind === "welcome" ? { ...frame.meaning, rules: rounded(frame.meaning.rules) } : frame.meaning;
    for (const format of ["json", "msgpack"]) {
      assert.deepEqual(meaning(codec(format).decode(received(frame, format))), expected, `${frame.name} in ${format}`);
    }
  }
});

/** What the SDK is given to send. */
function toSend({ kind: t, for_tick: forTick, at, ...rest }) {
  if (t !== "input") return { t, ...rest };
  const [x, y] = at === null ? [0, 0] : units(at);
  return { t, forTick, x, y, ...rest };
}

test("every frame of a client is written byte for byte", () => {
  assert.ok(from("client").length >= 15);
  for (const frame of from("client")) {
    const message = toSend(frame.meaning);
    assert.equal(codec("json").encode(message), frame.json, frame.name);
    assert.equal(Buffer.from(codec("msgpack").encode(message)).toString("hex"), frame.msgpack, frame.name);
  }
});

test("the hash of a golden delta is that of what it gives on its snapshot", () => {
  const decoded = (name) => codec("json").decode(FRAMES.get(name).json);
  const { rules, tickRate } = decoded("welcome-classic");
  const motions = new Motions(rules, tickRate);
  for (const on of ["snapshot-standing", "snapshot-moving"]) {
    const delta = decoded(`delta-hash-on-${on}`);
    const after = applyDelta(decoded(on), delta, motions);
    assert.equal(viewHash(after), delta.hash, on);
  }
});
