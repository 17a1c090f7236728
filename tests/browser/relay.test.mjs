// The page of an old relay arena, on a site of its own: it fights, it cannot cheat, and what others
// do to it with their names, pictures and departures has no effect.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { until } from "./lib/game.mjs";
import { openSite } from "./lib/site.mjs";

const site = await openSite({ "/": await readFile(new URL("../../examples/web/arena.html", import.meta.url)) });
after(() => site.close());

/** Differences that nobody sees; see docs/relays.md. */
const VISIBLE = 0.02;

/** Opens the page, which enters by itself. */
async function enter({ page, address }, name, more = "") {
  const server = encodeURIComponent(address.replace(/^http/, "ws"));
  await page.goto(`${site.address}/?server=${server}&name=${encodeURIComponent(name)}${more}`);
  await until(page, `${name} has entered`, () => window.arena?.look().players.length > 0);
}

const look = ({ page }) => page.evaluate(() => window.arena.look());

const fights = ({ page }) => until(page, "the fight begins", () => window.arena.look().state === "fighting");

/** Calls a function of the page. */
const act = ({ page }, what, ...values) => page.evaluate(([what, values]) => window.arena[what](...values), [what, values]);

/** The player of this name as a page has it. */
const named = (seen, name) => seen.players.find((player) => player.username === name);

/** Waits until two pages have the players of these names alike, standing. */
async function agree(a, b, names) {
  let last = "";
  for (let tries = 0; tries < 300; tries += 1) {
    const [one, other] = [await look(a), await look(b)];
    const pairs = names.map((name) => [named(one, name), named(other, name)]);
    const isSame = pairs.every(
      ([p, q]) =>
        p !== undefined && q !== undefined && p.push < 0.1 && q.push < 0.1 && p.left === 0 && q.left === 0 &&
        Math.hypot(p.x - q.x, p.y - q.y) <= VISIBLE && Math.abs(p.radius - q.radius) < 1e-6,
    );
    if (isSame) return pairs.map(([p]) => p);
    last = JSON.stringify(pairs);
    await a.page.waitForTimeout(100);
  }
  throw new Error(`the pages do not agree: ${last}`);
}

browserTest("two old pages fight, and agree about every hit", {}, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(PHONE)];
  await enter(ada, "Ada");
  await enter(bob, "Bob");
  await Promise.all([fights(ada), fights(bob)]);
  await act(ada, "move", 0.4, 0.5);
  await act(bob, "move", 1.4, 0.6);
  await agree(ada, bob, ["Ada", "Bob"]);
  // Nobody is hit in the first second.
  await ada.page.waitForTimeout(1000);
  for (const radius of [0.04, 0.03]) {
    const { x, y } = named(await look(ada), "Bob");
    await act(ada, "shoot", x, y);
    await ada.page.waitForTimeout(300);
    await screenshot(ada.page, `relay shot ${radius}`);
    const pictured = ({ page }) =>
      until(page, "the hit is there", (radius) => window.arena.look().players.some((it) => Math.abs(it.radius - radius) < 1e-6), {
        arg: radius,
      });
    await Promise.all([pictured(ada), pictured(bob)]);
    await agree(ada, bob, ["Ada", "Bob"]);
  }
  await screenshot(ada.page, "relay ada");
  await screenshot(bob.page, "relay bob on a phone");
  const { x, y } = named(await look(ada), "Bob");
  await act(ada, "shoot", x, y);
  await until(bob.page, "Bob is out", () => window.arena.look().state === "over");
  await until(ada.page, "Bob is gone", () => !window.arena.look().players.some((it) => it.username === "Bob"));
  await screenshot(bob.page, "relay out");
});

browserTest("a forged hit has no effect, and the forger's page is put right", {}, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await enter(ada, "Ada");
  await enter(bob, "Bob");
  await Promise.all([fights(ada), fights(bob)]);
  await act(bob, "move", 1.3, 0.5);
  await agree(ada, bob, ["Ada", "Bob"]);
  // A ball that flies elsewhere is claimed to have hit, and the forger's own page believes it.
  await bob.page.evaluate(() => {
    const { me, players } = window.arena.look();
    const ada = players.find((it) => it.username === "Ada");
    window.arena.shoot(1.3, 0);
    const ball = balls.find((it) => it.player.uuid === me).uuid;
    const claim = { event: "attack", uuid: me, attackee_uuid: ada.uuid, x: ada.x, y: ada.y, angle: 0, damage: 0.01, ball_uuid: ball };
    hit(find(ada.uuid), 0, 0.01);
    send(claim);
    for (let times = 0; times < 5; times += 1) send({ ...claim, damage: 1, ball_uuid: "12345678" });
    send({ ...claim, uuid: ada.uuid, attackee_uuid: me });
    send({ event: "move_to", uuid: ada.uuid, tx: 0, ty: 0 });
  });
  const [seen] = await agree(ada, bob, ["Ada", "Bob"]);
  assert.ok(Math.abs(seen.radius - 0.05) < 1e-6, `Ada was hurt: ${seen.radius}`);
  assert.ok(Math.hypot(seen.x - 16 / 18, seen.y - 0.5) < VISIBLE, "Ada was moved");
});

// Her own page runs what she types, and asks for the picture x.
const OWN_PAGE = { expected: /Failed to load resource/ };

browserTest("a name is text, no picture stops a page, and a leaver is no ghost", OWN_PAGE, async (open) => {
  const name = "<img src=x>";
  const [ada, bob, eve] = [await open(DESKTOP), await open(DESKTOP), await open(DESKTOP)];
  await enter(ada, "Ada");
  await enter(bob, "Bob");
  await Promise.all([fights(ada), fights(bob)]);
  // She comes late, and is told who is there.
  await enter(eve, name);
  await fights(eve);
  await act(eve, "chat", '<img src=x onerror="window.hacked=1"> hi');
  await until(ada.page, "the line is there", () => document.querySelector("#history").textContent.includes("onerror"));
  assert.equal(await ada.page.evaluate(() => window.hacked), undefined);
  assert.equal(await ada.page.locator("#history img").count(), 0);
  const before = (await look(ada)).frames;
  await until(ada.page, "the page draws on", (before) => window.arena.look().frames > before + 30, { arg: before });
  await screenshot(ada.page, "relay names");
  const count = (await look(ada)).players.length;
  await eve.page.close();
  await until(ada.page, "the leaver is gone", (count) => window.arena.look().players.length === count - 1, { arg: count });
});
