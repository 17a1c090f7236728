// The parts of the page that need no page: camera, small map and colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/arena/camera.ts";
import { Focus, sightOf } from "../src/arena/focus.ts";
import { Minimap } from "../src/arena/minimap.ts";
import { Mutes } from "../src/arena/mutes.ts";
import { cutName, isUnseen } from "../src/arena/names.ts";
import { textPx } from "../src/arena/paint/brush.ts";
import { paintEffect } from "../src/arena/paint/effects.ts";
import { colourOf, css, legible } from "../src/arena/palette.ts";
import { ROYALE, RULES } from "./platform.js";

const near = (actual, expected) =>
  assert.ok(
    Math.abs(actual.x - expected.x) < 1e-9 && Math.abs(actual.y - expected.y) < 1e-9,
    `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`,
  );

test("without walls the view goes along with whoever leaves the arena", () => {
  const open = { ...RULES, walls: "open" };
  for (const [x, y] of [[-1, 0.5], [3, 0.5], [0.9, -0.7], [0.9, 2], [-4, -4]]) {
    for (const [width, height] of [[1280, 640], [390, 640]]) {
      const at = new Camera(width, height, open, { x, y }).toScreen(x, y);
      assert.ok(at.x >= 59 && at.x <= width - 59 && at.y >= 59 && at.y <= height - 59, `${x}, ${y} is at ${at.x}, ${at.y}`);
    }
  }
  const inside = { x: 0.9, y: 0.5 };
  assert.deepEqual(new Camera(1280, 640, open, inside).area, new Camera(1280, 640, RULES, inside).area);
});

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
      assert.equal(camera.turned, turned && rules === RULES, `${width}×${height}`);
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

test("a large arena is followed, not shrunk, and not left", () => {
  const middle = new Camera(1000, 600, ROYALE, { x: 8, y: 4.5 });
  near(middle.toScreen(8, 4.5), { x: 500, y: 300 });
  assert.equal(middle.scale, 200, "as wide as one sees: 5 units");
  const corner = new Camera(1000, 600, ROYALE, { x: 0, y: 0 }).toScreen(0, 0);
  assert.ok(corner.x > 0 && corner.x < 30 && corner.x === corner.y, JSON.stringify(corner));
});

test("bodies of a large arena are never too small for a thumb", () => {
  const { scale } = new Camera(390, 600, ROYALE, { x: 8, y: 4.5 });
  assert.ok(scale * ROYALE.health * ROYALE.radius_per_health >= 8, String(scale));
});

test("a place on the small map is that place in the arena", () => {
  const map = new Minimap(1000, ROYALE);
  assert.ok(map.contains(map.area.left + 1, map.area.top + 1) && !map.contains(500, 300));
  const { x, y } = map.toScreen(12, 3);
  near(map.toWorld(x, y), { x: 12, y: 3 });
});

test("the camera follows yourself, then whoever ended you, then somebody near who still stands", () => {
  const focus = new Focus(true);
  const at = (id, x, life = "alive") => ({ id, x, y: 1, health: 50, life });
  assert.equal(focus.update([], 1, null, 0), null);
  near(focus.update([at(1, 2), at(2, 9), at(3, 3)], 1, null, 10), { x: 2, y: 1 });
  focus.onDeath(1, 2);
  const dead = [at(1, 2, "dead"), at(2, 9), at(3, 3)];
  near(focus.update(dead, 1, null, 20), { x: 2, y: 1 });
  near(focus.update(dead, 1, null, 5_000), { x: 9, y: 1 });
  assert.equal(focus.followed, 2);
  focus.onDeath(2, null);
  const two = [at(1, 2, "dead"), at(2, 9, "dead"), at(3, 3), at(4, 10)];
  focus.update(two, 1, null, 5_010);
  near(focus.update(two, 1, null, 9_000), { x: 10, y: 1 });
});

test("who does not see everything looks where the own body is, dead or alive, or into the middle", () => {
  assert.equal(sightOf(RULES, { x: 1, y: 1 }), null);
  assert.deepEqual(sightOf(ROYALE, undefined), { x: 8, y: 4.5, radius: 2.5 });
  const focus = new Focus(true);
  const players = [{ id: 1, x: 2, y: 1, health: 10, life: "dead" }, { id: 2, x: 3, y: 1, health: 50, life: "alive" }];
  near(focus.update(players, 1, sightOf(ROYALE, players[0]), 5_000), { x: 2, y: 1 });
  assert.equal(focus.followed, null);
});

test("a camera that follows a jump gets there, over some frames", () => {
  const focus = new Focus(false);
  const me = (x) => [{ id: 1, x, y: 1, health: 50, life: "alive" }];
  focus.update(me(2), 1, null, 0);
  const first = focus.update(me(3), 1, null, 16).x;
  assert.ok(first > 2 && first < 2.5, String(first));
  assert.ok(focus.update(me(3), 1, null, 1_000).x > 2.99);
});

test("nobody shares a colour, and a seat has the same one on every page", () => {
  const colours = Array.from({ length: 60 }, (_, id) => css(colourOf(id)));
  assert.equal(new Set(colours).size, 60);
  assert.equal(css(colourOf(0)), "hsl(164 78% 60% / 1)");
  assert.ok(!colours.includes(css(colourOf(null))));
});

/** As WCAG 2 counts it, of red, green and blue from 0 to 1. */
function contrast(one, other) {
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const [dark, light] = [one, other].map((rgb) => rgb.reduce((sum, part, i) => sum + linear(part) * [0.2126, 0.7152, 0.0722][i], 0)).sort();
  return (light + 0.05) / (dark + 0.05);
}

function rgbOf(text) {
  const [h, s, l] = text.match(/[\d.]+/g).map(Number);
  const reach = (s / 100) * Math.min(l / 100, 1 - l / 100);
  return [0, 8, 4].map((n) => l / 100 - reach * Math.max(-1, Math.min(((n + h / 30) % 12) - 3, 9 - ((n + h / 30) % 12), 1)));
}

test("small text in the colour of any seat can be read on a tint of itself", () => {
  const side = [0x0d, 0x12, 0x1b].map((part) => part / 255);
  for (let id = 0; id < 60; id += 1) {
    const text = rgbOf(legible(id));
    const tint = (below, share) => text.map((part, i) => part * share + below[i] * (1 - share));
    // The tag in the own line.
    assert.ok(contrast(text, tint(tint(side, 0.08), 0.16)) >= 4.5, `seat ${id}`);
  }
});

test("a name is cut at twelve cells, between signs, and marks do not climb", () => {
  for (const [name, shown] of [
    ["Ada", "Ada"],
    ["W".repeat(12), "W".repeat(12)],
    ["W".repeat(24), `${"W".repeat(11)}…`],
    ["Ada of the hill", "Ada of the…"],
    ["六个汉字正好", "六个汉字正好"],
    ["七个汉字放不下了", "七个汉字放…"],
    ["a七个汉字放不下了", "a七个汉字放…"],
    ["🔥🔥🔥🔥🔥🔥", "🔥🔥🔥🔥🔥🔥"],
    ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦👍🏽abcdef", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👍🏽abcdef"],
    ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦👍🏽abcdefg", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👍🏽abcde…"],
    [`e\u0301${"\u0300".repeat(20)}`, "e\u0301\u0300"],
    ["العربية", "العربية"],
  ])
    assert.equal(cutName(name), shown);
});

test("a mute is of a person: whoever has that seat later is heard", () => {
  const mutes = new Mutes();
  const changed = [];
  mutes.changed.subscribe((id) => changed.push([id, mutes.has(id)]));
  const [ada, bob] = [{ id: 1, name: "Ada" }, { id: 2, name: "Bob" }];
  for (const entry of [ada, bob, bob]) mutes.toggle(entry);
  assert.deepEqual(changed, [[1, true], [2, true], [2, false]]);
  mutes.keepOnly([ada, bob]);
  assert.ok(mutes.has(1) && !mutes.has(2));
  mutes.keepOnly([{ id: 1, name: "Eve" }, bob]);
  assert.equal(mutes.has(1), false);
});

test("what is drawn beside a wall is on the canvas, on a small screen and a large one", () => {
  for (const [width, height] of [[1000, 560], [390, 600], [3200, 1900]]) {
    for (const rules of [RULES, { ...RULES, dead_at: 10 }, { ...RULES, hit_damage: 7, dead_at: 0 }]) {
      const camera = new Camera(width, height, rules, null);
      const hits = Math.ceil((rules.health - rules.dead_at) / rules.hit_damage) - 1;
      const least = rules.health - hits * rules.hit_damage;
      const body = least * rules.radius_per_health;
      const { x, y } = camera.toScreen(rules.arena_width - body, rules.arena_height - body);
      const ring = rules.health * rules.radius_per_health * camera.scale + 8;
      assert.ok(x - ring >= 0 && x + ring <= width && y + ring <= height, JSON.stringify([width, height, rules.dead_at]));

      const drawn = { texts: [], arcs: [] };
      const ctx = new Proxy({}, {
        get: (_, name) => (...args) => void (name === "fillText" ? drawn.texts : name === "arc" ? drawn.arcs : []).push(args),
        set: () => true,
      });
      const at = { x: rules.arena_width - body, y: rules.arena_height - body, radius: 0.05, colour: colourOf(1), bornMs: 0 };
      for (const nowMs of [10, 300, 600]) {
        const brush = { ctx, camera, nowMs, widthPx: width, heightPx: height, calm: true };
        for (const kind of ["burst", "burn", "death"]) paintEffect(brush, { ...at, kind, lost: 10 });
      }
      assert.ok(drawn.texts.length > 0 && drawn.arcs.length > 0);
      for (const [, , textY] of drawn.texts) assert.ok(textY <= height - 4);
      for (const [arcX, arcY, radius] of drawn.arcs) assert.ok(Math.max(arcX + radius - width, arcY + radius - height) <= 0);
    }
  }
});

test("texts on the canvas grow with a very large screen alone", () => {
  for (const [scale, expected] of [[340, 10.5], [550, 14], [1000, 14], [2000, 26]])
    assert.equal(textPx({ scale }, 10.5, 14), expected);
});

test("a name of nothing is none, by the server's rule", () => {
  // The cases of `net/src/messages/user_text.rs`.
  const unseen = ["", " \t ", "\u200b", "\u3164", "\u115f\u1160", "\uffa0", "\u00ad", "\u061c", "\u2800", "\u{1d159}", "\u00a0"];
  const more = ["\u2003 ", "\u2028", "\u0301\u0302", "\ufe0f", "\u200d", "\u{e0041}", "\u180e", "\u20dd", "\u2066\u2069", "\ufff9\u0007"];
  for (const name of [...unseen, ...more]) assert.ok(isUnseen(name), JSON.stringify(name));
  for (const name of ["a", "\u200bA", "小明", "👩\u200d🚀", "❤\ufe0f", "မြို့", "<", "\u093e"]) assert.ok(!isUnseen(name), name);
});
