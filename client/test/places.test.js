// The place that a motion gives a player, against the server's own arithmetic.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Motions } from "../src/sdk/motion.ts";
import { RULES } from "./platform.js";

const g = (steps) => steps / 32768;

/** Places of 20,000 motions in one number. `motions_are_the_same_everywhere` in net/tests/laws.rs has the same from the
 * same motions. */
const DIGEST = 2692513962;

test("20,000 walks and pushes give the server's places, bit for bit", () => {
  let state = 1;
  const next = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const variants = [20, 30, 60].flatMap((rate) =>
    ["solid", "open"].map((walls) => new Motions({ ...RULES, walls }, rate)),
  );
  let digest = 2166136261;
  for (let i = 0; i < 20_000; i += 1) {
    const [fromX, fromY, toX, toY] = Array.from({ length: 4 }, () => g(next(60_000) - 1_000));
    const [health, ticks, pushed, variant] = [next(51), next(200), next(2) === 1, next(6)];
    const motion = { kind: pushed ? "push" : "walk", fromX, fromY, toX, toY, since: 7 };
    const { x, y } = variants[variant].placeAt({ id: 0, x: fromX, y: fromY, health, life: "alive", motion }, 7 + ticks);
    for (const steps of [x * 32768, y * 32768]) digest = Math.imul(digest ^ steps, 16777619);
  }
  assert.equal(digest >>> 0, DIGEST);
});

test("who stands, or does not get anywhere, is where it was", () => {
  const motions = new Motions(RULES, 30);
  const here = { x: g(20_000), y: g(-3) };
  const at = (motion, tick) => motions.placeAt({ id: 0, ...here, health: 50, life: "alive", motion }, tick);
  assert.deepEqual(at(null, 99), here);
  const nowhere = { fromX: here.x, fromY: g(9_000), toX: here.x, toY: g(9_000), since: 90 };
  for (const kind of ["walk", "push"]) assert.deepEqual(at({ ...nowhere, kind }, 99), { x: here.x, y: g(9_000) });
});
