// The drawing between snapshots: the clock that chooses the moment, and where everything is then.

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

const hit = (victim) => ({ kind: "hit", fireball: 7, by: 2, victim, x: 0.5, y: 0.5, health: 40, rewindTicks: 0 });
const xAt = (line, tick) => at(line, tick).players[0].x;

test("in a quiet fight a hit is not felt before its tick", () => {
  const pushed = 0.5 + (1 + 0.9) / 60;
  const line = timeline(snapshot(100, [[1, 0.5, 0.5]]), events(115, hit(1)), snapshot(115, [[1, pushed, 0.5, 40]]));
  for (const tick of [101, 113, 114]) assert.equal(xAt(line, tick), 0.5, `tick ${tick}`);
  near(xAt(line, 114.5), (0.5 + pushed) / 2);
  near(xAt(line, 115), pushed);
});

test("in a quiet fight a walk begins with its tick, and a blink is where it is", () => {
  const walks = timeline(snapshot(100, [[1, 0.5, 0.5]]), snapshot(115, [[1, 0.51, 0.5]]));
  assert.equal(xAt(walks, 114), 0.5);
  near(xAt(walks, 114.25), 0.5025);
});

test("a walker whose snapshots are withheld does not jump, whatever it does meanwhile", () => {
  const even = timeline(...[100, 104, 106, 109].map((tick) => snapshot(tick, [[1, 0.5 + (tick - 100) / 100, 0.5]])));
  for (let tick = 100; tick < 109; tick += 0.25) near(xAt(even, tick), 0.5 + (tick - 100) / 100, STEP);
  // One that stops, one that is hit on its way, one whose push has begun before.
  const push = (ticks) => (1 - 0.9 ** (2 * ticks)) / 6;
  const stops = timeline(snapshot(100, [[1, 0.5, 0.5]]), snapshot(104, [[1, 0.525, 0.5]]));
  const struck = timeline(snapshot(100, [[1, 0.5, 0.5]]), events(103, hit(1)), snapshot(104, [[1, 0.52 + push(2), 0.5, 40]]));
  const flies = timeline(snapshot(100, [[1, 0.5, 0.5]]), snapshot(104, [[1, 0.5 + push(4), 0.5]]));
  for (const line of [stops, struck, flies]) {
    for (let tick = 100; tick < 104; tick += 0.125) {
      const [here, next] = [xAt(line, tick), xAt(line, tick + 0.125)];
      assert.ok(next >= here && next - here < 0.06 * 0.125 + 1e-9, `${here}, then ${next} at ${tick}`);
    }
  }
  assert.equal(xAt(struck, 102), 0.5, "the hit comes in tick 103");
});

test("a blink within a gap is at its tick, whatever comes before and after it", () => {
  const blink = { kind: "blink", player: 1, fromX: 0.52, fromY: 0.5, toX: 0.57, toY: 0.5 };
  const gap = [snapshot(100, [[1, 0.5, 0.5]]), events(103, blink), snapshot(106, [[1, 0.6, 0.5]])];
  const line = timeline(...gap);
  near(xAt(line, 101), 0.51);
  near(xAt(line, 102.9), 0.52);
  near(xAt(line, 103), 0.57);
  near(xAt(line, 104.5), 0.585);
  // Of motions it is the tick before that is looked at.
  const stood = timeline(moving(100, "walk", 0.5, 0.9, 100), ...gap.slice(1));
  near(xAt(stood, 102.9), 0.52, 0.011);
  for (const tick of [103, 104, 105.5]) near(xAt(stood, tick), 0.57 + (tick - 103) / 100, STEP);
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

/** What is drawn in each frame, 60 a second, while ticks arrive at those times. */
function frames(clock, arrivals, untilMs) {
  const drawn = [];
  const coming = [...arrivals];
  for (let nowMs = arrivals[0].atMs; nowMs < untilMs; nowMs += 1000 / 60) {
    while (coming.length > 0 && coming[0].atMs <= nowMs) clock.observe(coming.shift().tick, nowMs);
    drawn.push({ nowMs, tick: clock.renderTick(nowMs), server: clock.serverTick(nowMs) });
  }
  return drawn;
}

/** Ticks 0 to 299, 30 a second; what would come in the stall comes when that is over. */
function stalled(fromMs, untilMs) {
  return Array.from({ length: 300 }, (_, tick) => {
    const atMs = (tick * 1000) / 30;
    return { tick, atMs: atMs >= fromMs && atMs < untilMs ? untilMs : atMs };
  });
}

test("the drawn tick never goes back within a match, and moves in every frame after a stall", () => {
  for (const stallMs of [300, 600, 1_200, 2_500, 5_000]) {
    const drawn = frames(new TickClock(30), stalled(3_000, 3_000 + stallMs), 9_900);
    for (const [index, { tick, nowMs, server }] of drawn.entries()) {
      if (index === 0) continue;
      const before = drawn[index - 1];
      assert.ok(tick >= before.tick, `${before.tick}, then ${tick}, after a stall of ${stallMs} ms`);
      if (nowMs < 3_000 + stallMs + 50) continue;
      assert.ok(tick > before.tick, `it stands at ${tick} after a stall of ${stallMs} ms`);
      // Arrivals are seen in frames.
      near(server, (nowMs * 30) / 1000, 0.6);
      assert.ok(server - tick < 9, `${tick} is drawn at ${server}`);
    }
  }
});

test("when the match itself stood still unsaid, what is drawn waits for it a second at most, and goes on", () => {
  for (const stoodMs of [600, 5_000, 60_000]) {
    const arrivals = Array.from({ length: 300 }, (_, tick) => {
      return { tick, atMs: (tick * 1000) / 30 + (tick >= 90 ? stoodMs : 0) };
    });
    const drawn = frames(new TickClock(30), arrivals, 9_900 + stoodMs);
    drawn.reduce((before, now) => {
      assert.ok(now.tick >= before.tick, `${before.tick}, then ${now.tick}`);
      return now;
    });
    assert.ok(Math.max(...drawn.filter(({ nowMs }) => nowMs < 3_000 + stoodMs).map(({ tick }) => tick)) <= 89 + 30);
    const last = drawn.at(-1);
    assert.ok(last.tick > 290 && last.tick < 298, String(last.tick));
  }
});

test("a match that is held stands where it was drawn, if that was later", () => {
  const clock = new TickClock(30);
  clock.observe(90, 0);
  near(clock.renderTick(500), 103);
  clock.hold(95);
  const stands = (nowMs) => {
    assert.equal(clock.serverTick(nowMs), 95);
    near(clock.renderTick(nowMs), 103);
  };
  stands(900);
  clock.goOn(1_000);
  stands(1_000);
  assert.ok(clock.renderTick(1_500) > 105);
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
