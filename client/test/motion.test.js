// What is drawn between snapshots: the clock that chooses the moment, and where everything is then.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TickClock } from "../src/arena/clock.ts";
import { momentAt } from "../src/arena/interpolate.ts";
import { Timeline } from "../src/arena/timeline.ts";
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
    players: players.map(([id, x, y, health = 50]) => ({ id, x, y, health, life: "alive" })),
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
const at = (line, tick) => momentAt(line, tick, RULES, 30);

test("a walker is between its two known places", () => {
  const line = timeline(snapshot(10, [[1, 0.5, 0.5]]), snapshot(11, [[1, 0.51, 0.5]]));
  near(at(line, 10.25).players[0].x, 0.5025);
  near(at(line, 11.9).players[0].x, 0.51);
});

test("a blink is never drawn as a way", () => {
  const blink = { kind: "blink", player: 1, fromX: 0.5, fromY: 0.5, toX: 0.52, toY: 0.5 };
  const line = timeline(snapshot(10, [[1, 0.5, 0.5]]), events(11, blink), snapshot(11, [[1, 0.52, 0.5]]));
  near(at(line, 10.9).players[0].x, 0.5);
  near(at(line, 11).players[0].x, 0.52);
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
