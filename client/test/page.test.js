// The parts of the page that need no page: camera and colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/arena/camera.ts";
import { css, Palette } from "../src/arena/palette.ts";
import { RULES } from "./platform.js";

const near = (actual, expected) =>
  assert.ok(
    Math.abs(actual.x - expected.x) < 1e-9 && Math.abs(actual.y - expected.y) < 1e-9,
    `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`,
  );
const ROYALE = { ...RULES, arena_width: 16, arena_height: 9 };

test("a place goes to the screen and back, upright and turned, whole and followed", () => {
  for (const [width, height, turned] of [
    [1020, 600, false],
    [390, 233, false],
    [728, 340, false],
    [600, 600, false],
    [390, 640, true],
    [375, 460, true],
    [588, 1080, true],
  ]) {
    for (const rules of [RULES, ROYALE]) {
      const camera = new Camera(width, height, rules, rules === RULES ? null : { x: 5, y: 2 });
      assert.equal(camera.turned, turned, `${width}×${height}`);
      for (const place of [{ x: 0.3, y: 0.7 }, { x: 0, y: 0 }, { x: -0.2, y: 1.4 }]) {
        const { x, y } = camera.toScreen(place.x, place.y);
        near(camera.toWorld(x, y), place);
      }
    }
  }
});

test("the whole arena is on the canvas, and its area is where its corners are", () => {
  for (const [width, height] of [
    [1020, 600],
    [390, 640],
  ]) {
    const camera = new Camera(width, height, RULES, null);
    const { left, top, width: wide, height: high } = camera.area;
    assert.ok(left >= 0 && top >= 0 && left + wide <= width && top + high <= height);
    const corners = [camera.toScreen(0, 0), camera.toScreen(RULES.arena_width, RULES.arena_height)];
    near({ x: Math.min(...corners.map((c) => c.x)), y: Math.min(...corners.map((c) => c.y)) }, { x: left, y: top });
    near(
      { x: Math.max(...corners.map((c) => c.x)), y: Math.max(...corners.map((c) => c.y)) },
      { x: left + wide, y: top + high },
    );
  }
});

test("turned, x goes down the screen and y to the left, and nothing is mirrored or stretched", () => {
  const camera = new Camera(390, 640, RULES, null);
  const from = camera.toScreen(0.5, 0.5);
  const along = camera.toScreen(0.6, 0.5);
  const across = camera.toScreen(0.5, 0.6);
  near({ x: along.x - from.x, y: along.y - from.y }, { x: 0, y: 0.1 * camera.scale });
  near({ x: across.x - from.x, y: across.y - from.y }, { x: -0.1 * camera.scale, y: 0 });
});

test("a turned large arena is followed, too", () => {
  near(new Camera(400, 700, ROYALE, { x: 8, y: 4.5 }).toScreen(8, 4.5), { x: 200, y: 350 });
  const corner = new Camera(400, 700, ROYALE, { x: 0, y: 0 }).toScreen(0, 0);
  assert.ok(corner.x > 370 && corner.x < 400 && corner.y > 0 && corner.y < 30, JSON.stringify(corner));
});

test("a large arena is followed, not shrunk, and not left", () => {
  const middle = new Camera(1000, 600, ROYALE, { x: 8, y: 4.5 }).toScreen(8, 4.5);
  assert.deepEqual(middle, { x: 500, y: 300 });
  const corner = new Camera(1000, 600, ROYALE, { x: 0, y: 0 }).toScreen(0, 0);
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
