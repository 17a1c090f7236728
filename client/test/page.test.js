// The parts of the page that need no page: camera and colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/arena/camera.ts";
import { css, Palette } from "../src/arena/palette.ts";
import { RULES } from "./platform.js";

test("a place goes to the screen and back", () => {
  for (const [width, height] of [
    [1020, 600],
    [390, 233],
    [728, 340],
  ]) {
    const camera = new Camera(width, height, RULES, null);
    const { x, y } = camera.toScreen(0.3, 0.7);
    const back = camera.toWorld(x, y);
    assert.ok(Math.abs(back.x - 0.3) < 1e-9 && Math.abs(back.y - 0.7) < 1e-9);
    const corner = camera.toScreen(RULES.arena_width, RULES.arena_height);
    assert.ok(corner.x <= width && corner.y <= height);
  }
});

test("a large arena is followed, not shrunk, and not left", () => {
  const rules = { ...RULES, arena_width: 16, arena_height: 9 };
  const middle = new Camera(1000, 600, rules, { x: 8, y: 4.5 }).toScreen(8, 4.5);
  assert.deepEqual(middle, { x: 500, y: 300 });
  const corner = new Camera(1000, 600, rules, { x: 0, y: 0 }).toScreen(0, 0);
  assert.ok(corner.x > 0 && corner.x < 30 && corner.x === corner.y, JSON.stringify(corner));
});

test("nobody shares a colour, and nobody changes it while others come and go", () => {
  const palette = new Palette();
  palette.setOwn(3);
  const ids = Array.from({ length: 40 }, (_, id) => id);
  const colours = ids.map((id) => css(palette.of(id)));
  assert.equal(new Set(colours).size, 40);
  palette.keepOnly(new Set(ids.filter((id) => id % 2 === 1)));
  for (const id of ids.filter((other) => other % 2 === 1)) assert.equal(css(palette.of(id)), colours[id]);
});
