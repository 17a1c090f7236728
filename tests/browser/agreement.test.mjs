// Two players in one room, one per format: both are told the same hits, and their deltas give what the server has.

import assert from "node:assert/strict";
import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { events, field, join, mouseHand, state, toScreen, until, untilFight } from "./lib/game.mjs";

browserTest("both players see the same hits at the same places", { timeoutMs: 240_000 }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada");
  const { room, match } = await state(ada.page);
  await join(bob, "Bob", `?codec=json&room=${encodeURIComponent(room)}`);
  const { room: bobRoom, seat: bobSeat } = await state(bob.page);
  assert.equal(bobRoom, room);
  await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
  assert.equal((await state(bob.page)).match.number, match.number, "Bob came before the fight");

  const hitsOf = async ({ page }) =>
    (await events(page)).filter(({ event, match: number }) => event.kind === "hit" && number === match.number);
  const hand = mouseHand(ada.page);
  for (let hits = 0; hits < 2; hits = (await hitsOf(ada)).length) {
    const now = await field(ada.page);
    if (now.phase !== "fighting") break;
    const target = now.enemies.find((enemy) => enemy.id === bobSeat) ?? now.enemies[0];
    if (now.self !== null && now.ready.shoot && target !== undefined) await hand.shoot(target.screen);
    await ada.page.waitForTimeout(100);
  }
  const seen = await hitsOf(ada);
  assert.ok(seen.length > 0, "there was a hit");
  const last = seen.at(-1);
  await until(
    bob.page,
    "Bob is told of the last hit",
    (id) => window.bolide.events().some(({ event }) => event.kind === "hit" && event.fireball === id),
    { arg: last.event.fireball },
  );
  const seenByBob = (await hitsOf(bob)).filter(({ tick }) => tick <= last.tick);
  assert.deepEqual(seenByBob, seen);

  const { x } = (await field(ada.page)).self;
  await hand.walk(await toScreen(ada.page, x > 0.9 ? 0.2 : 1.5, 0.5));
  for (const { page } of [ada, bob]) {
    // About one a second carries a hash of the whole view.
    await until(page, "deltas come", () => window.bolide.state().stats.deltas > 90, { timeoutMs: 60_000 });
    const { snapshots, deltas, resyncs } = (await state(page)).stats;
    assert.equal(resyncs, 0, "every delta fitted");
    assert.ok(snapshots < deltas / 10, `${snapshots} whole snapshots, ${deltas} deltas`);
  }
});
