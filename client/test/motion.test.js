// What is drawn between snapshots: the clock that chooses the moment, and where everything is then.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TickClock } from "../src/arena/clock.ts";
import { momentAt } from "../src/arena/interpolate.ts";
import { Timeline } from "../src/arena/timeline.ts";
import { Motions } from "../src/sdk/motion.ts";
import { RULES } from "./platform.js";

const near = (actual, expected, slack = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= slack, `${actual} is not ${expected} ± ${slack}`);

const LINE = { fromX: 0.5, fromY: 0.5, towardX: 0.65, towardY: 0.5 };

/** `fireballs`: each an id and the tick since which it flies, 0.03 a tick, from 0.5 to 0.65. */
function snapshot(tick, players, fireballs = [], phase = "fighting") {
  return {
    t: "snapshot",
    tick,
    phase,
    phaseEnds: null,
    players: players.map(([id, x, y, health = 50]) => ({ id, x, y, health, life: "alive", motion: null })),
    fireballs: fireballs.map(([id, since]) => ({ id, owner: 1, ...LINE, since })),
    acks: [],
  };
}

function timeline(...news) {
  const line = new Timeline();
  for (const item of news) {
    if (item.t === "snapshot") line.pushSnapshot(item);
    else line.pushEvents(item);
  }
  return line;
}

const events = (tick, ...list) => ({ t: "events", tick, events: list });
const at = (line, tick) => momentAt(line, tick, new Motions(RULES, 30));

test("a walker is between its two known places", () => {
  const line = timeline(snapshot(10, [[1, 0.5, 0.5]]), snapshot(11, [[1, 0.51, 0.5]]));
  near(at(line, 10.25).players[0].x, 0.5025);
  near(at(line, 11.9).players[0].x, 0.51);
});

/** Player 1 of a snapshot in which it moves on from its place. */
function moving(tick, kind, x, toX, since, phase) {
  const { players, ...rest } = snapshot(tick, [[1, x, 0.5]], [], phase);
  return { ...rest, players: [{ ...players[0], motion: { kind, fromX: x, fromY: 0.5, toX, toY: 0.5, since } }] };
}

/** Places lie on the grid. */
const STEP = 1 / 32768;

test("a walk that is known goes on without news, stops at its end, and does not wait for the news of that", () => {
  const walks = moving(10, "walk", 0.5, 0.53, 10);
  for (const line of [timeline(walks), timeline(walks, snapshot(20, [[1, 0.53, 0.5]]))]) {
    for (const [tick, x] of [[10, 0.5], [10.5, 0.505], [12.75, 0.5275], [13, 0.53], [16, 0.53], [19.5, 0.53]]) {
      near(at(line, tick).players[0].x, x, STEP);
    }
  }
});

test("who walks or is pushed by the next snapshot stood until that began", () => {
  for (const [kind, next] of [["walk", 21], ["push", 21], ["walk", 24], ["push", 24]]) {
    const line = timeline(snapshot(10, [[1, 0.5, 0.5]]), moving(next, kind, 0.5, 0.8, 20));
    assert.equal(at(line, 19.9).players[0].x, 0.5);
    const [half, whole] = [at(line, 20.5).players[0].x - 0.5, at(line, 21).players[0].x - 0.5];
    near(half, whole / 2);
    near(whole, kind === "walk" ? 0.01 : (1 + 0.9) / 60, STEP);
  }
});

test("a push is as fast in between as it is known to be, and nothing goes on for ever", () => {
  const line = timeline(moving(10, "push", 0.5, 1.5, 10), snapshot(25, [[1, 0.65, 0.5]]));
  near(at(line, 11).players[0].x, 0.5 + (1 + 0.9) / 60, STEP);
  near(at(line, 14).players[0].x, 0.5 + (1 - 0.9 ** 8) / 6, STEP);
  const silent = timeline(moving(10, "walk", 0.5, 1.5, 10));
  near(at(silent, 39.5).players[0].x, 0.795, STEP);
  assert.deepEqual(at(silent, 99).players, at(silent, 40).players, "a second after the last word");
  const over = timeline(moving(10, "walk", 0.5, 0.8, 5, "over"));
  assert.deepEqual(at(over, 30).players, at(over, 10).players);
});

test("a blink is never drawn as a way", () => {
  const blink = { kind: "blink", player: 1, fromX: 0.5, fromY: 0.5, toX: 0.52, toY: 0.5 };
  const line = timeline(snapshot(10, [[1, 0.5, 0.5]]), events(11, blink), snapshot(11, [[1, 0.52, 0.5]]));
  near(at(line, 10.9).players[0].x, 0.5);
  near(at(line, 11).players[0].x, 0.52);
  const hurt = timeline(snapshot(10, [[1, 0.5, 0.5, 50]]), events(11, blink), snapshot(12, [[1, 0.52, 0.5, 40]]));
  assert.deepEqual(at(hurt, 11.5).players, [{ ...hurt.newest.players[0], health: 50 }], "only its place is ahead");
});

test("a jump without its event is not drawn as a way either", () => {
  const line = timeline(snapshot(10, [[1, 0.2, 0.5]]), snapshot(11, [[1, 0.9, 0.5]]));
  near(at(line, 10.9).players[0].x, 0.2);
});

test("health changes with its tick, not before", () => {
  const line = timeline(snapshot(10, [[1, 0.5, 0.5, 50]]), snapshot(11, [[1, 0.5, 0.5, 40]]));
  assert.equal(at(line, 10.9).players[0].health, 50);
  assert.equal(at(line, 11).players[0].health, 40);
});

test("a fireball is where the tick says, also past the newest snapshot, but never past its end", () => {
  const line = timeline(snapshot(10, [], [[7, 9]]));
  near(at(line, 10).fireballs[0].x, 0.53);
  near(at(line, 10.5).fireballs[0].x, 0.545);
  near(at(line, 13).fireballs[0].x, 0.62);
  near(at(line, 14.5).fireballs[0].x, 0.65);
  assert.equal(at(line, 15.1).fireballs.length, 0, "it ended, whether anybody was told or not");
});

test("a fireball that a snapshot no longer has is gone from its tick on", () => {
  const line = timeline(snapshot(10, [], [[7, 9]]), snapshot(11, []));
  near(at(line, 10.5).fireballs[0].x, 0.545);
  assert.equal(at(line, 11).fireballs.length, 0);
});

test("a fireball shot in a gap is drawn from its shot on", () => {
  const line = timeline(snapshot(10, []), snapshot(14, [], [[7, 12]]));
  assert.equal(at(line, 11.9).fireballs.length, 0);
  near(at(line, 13).fireballs[0].x, 0.53);
});

test("when the match is over its fireballs stand still", () => {
  const line = timeline(snapshot(10, [], [[7, 9]], "over"));
  near(at(line, 30).fireballs[0].x, 0.53);
});

test("before the first snapshot players stand where that one has them, and fireballs fly already", () => {
  const moment = at(timeline(snapshot(10, [[1, 0.5, 0.5]], [[7, 7], [8, 9]])), 8);
  near(moment.players[0].x, 0.5);
  assert.equal(moment.fireballs.length, 1);
  near(moment.fireballs[0].x, 0.53);
});

test("the last word on a tick counts", () => {
  const line = timeline(snapshot(10, [[1, 0.5, 0.5, 50]]), snapshot(10, [[1, 0.5, 0.5, 40]]));
  assert.equal(line.newest.players[0].health, 40);
  assert.equal(line.oldest, line.newest);
});

test("events come out once, when their tick is drawn", () => {
  const line = timeline(events(11, { kind: "gone", player: 3 }), snapshot(11, []));
  assert.equal(line.takeEvents(10.9).length, 0);
  assert.equal(line.takeEvents(11).length, 1);
  assert.equal(line.takeEvents(12).length, 0);
});

test("the clock runs two ticks behind on an even network and never goes back", () => {
  const clock = new TickClock(30);
  assert.equal(clock.renderTick(0), null);
  let last = -Infinity;
  for (let tick = 0; tick < 120; tick += 1) {
    clock.observe(tick, 1000 + (tick * 1000) / 30);
    const shown = clock.renderTick(1000 + (tick * 1000) / 30);
    assert.ok(shown >= last);
    last = shown;
  }
  near(last, 117, 0.01);
});

test("a clock that is held stands still, and goes on without a jump or a step back", () => {
  const clock = new TickClock(30);
  clock.observe(90, 0);
  clock.hold(90);
  for (const nowMs of [0, 5_000]) assert.deepEqual([clock.serverTick(nowMs), clock.renderTick(nowMs)], [90, 90]);
  clock.goOn(6_000);
  assert.deepEqual([clock.serverTick(6_000), clock.renderTick(6_000)], [90, 90]);
  near(clock.renderTick(6_100), 91, 0.01);
  clock.hold(93);
  // The next tick alone says as much.
  clock.observe(94, 9_000);
  near(clock.serverTick(9_000), 94);
  assert.equal(clock.renderTick(9_000), 93);
});

test("late arrivals make it fall behind further, a pause makes it start over", () => {
  const clock = new TickClock(30);
  let now = 0;
  for (let tick = 0; tick < 240; tick += 1) {
    now = (tick * 1000) / 30 + (tick % 3 === 0 ? 100 : 0);
    clock.observe(tick, now);
    clock.renderTick(now);
  }
  const behind = clock.serverTick(now) - clock.renderTick(now);
  assert.ok(behind > 3 && behind <= 8, String(behind));
  clock.observe(240, now + 9000);
  near(clock.serverTick(now + 9000), 240, 0.01);
});
