// Two players in one room, one per format or per kind of sync: both are told the same hits, see
// everybody at the same places, and their deltas give what the server has.

import assert from "node:assert/strict";
import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { events, field, join, mouseHand, state, toScreen, until, untilFight } from "./lib/game.mjs";

// Without bots a match waits for its second player, however slow the machine, and nobody is hit by
// a third.
const ALONE = { options: ["--bots-fill-to", "0"] };

browserTest("both players see the same hits at the same places", ALONE, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada", "?sync=state");
  const { room, match } = await state(ada.page);
  await join(bob, "Bob", `?codec=json&sync=state&room=${encodeURIComponent(room)}`);
  assert.equal((await state(bob.page)).room, room);
  await Promise.all([untilFight(ada.page), untilFight(bob.page)]);

  const hitsOf = async ({ page }) =>
    (await events(page)).filter(({ event, match: number }) => event.kind === "hit" && number === match.number);
  const hand = mouseHand(ada.page);
  for (let hits = 0; hits < 2; hits = (await hitsOf(ada)).length) {
    const now = await field(ada.page);
    assert.equal(now.phase, "fighting", "two hits are not the end");
    if (now.ready.shoot) await hand.shoot(now.enemies[0].screen);
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
    await until(page, "deltas come", () => window.bolide.state().stats.deltas > 90);
    const { snapshots, deltas, resyncs } = (await state(page)).stats;
    assert.equal(resyncs, 0, "every delta fitted");
    // A page that is late is sent whole ones.
    assert.ok(snapshots < deltas, `${snapshots} whole snapshots, ${deltas} deltas`);
  }
});

browserTest("a page that is not told otherwise asks for motions", ALONE, async (open) => {
  const ada = await open(DESKTOP);
  const sent = [];
  ada.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(payload)));
  await join(ada, "Ada", "?codec=json");
  assert.equal(JSON.parse(sent[0]).sync, "events");
});

browserTest(
  "whoever is told motions sees everybody where the others do, tick for tick",
  ALONE,
  async (open) => {
    const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
    await join(ada, "Ada", "?sync=state");
    const { room } = await state(ada.page);
    await join(bob, "Bob", `?sync=events&room=${encodeURIComponent(room)}`);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    const hands = [mouseHand(ada.page), mouseHand(bob.page)];
    let [compared, last] = [0, 0];
    const seen = { walk: false, push: false };
    for (let turn = 0; compared < 600 || !seen.walk || !seen.push; turn += 1) {
      for (const [index, { page }] of [ada, bob].entries()) {
        const { phase, self, enemies, ready } = await field(page);
        assert.equal(phase, "fighting", "one hit is enough, and nobody dies of it");
        if (index === 0 && !seen.push && ready.shoot) await hands[0].shoot(enemies[0].screen);
        // A new walk now and then; until the hit, only Ada's.
        else if (turn % 4 === 0 && (index === 0 || seen.push))
          await hands[index].walk(await toScreen(page, self.x > 0.9 ? 0.3 : 1.5, 0.2 + ((turn * 5) % 7) / 10));
      }
      const told = await ada.page.evaluate(
        (after) => window.bolide.snapshots().filter(({ phase, tick }) => phase === "fighting" && tick > after),
        last,
      );
      const drawn = await bob.page.evaluate(
        (ticks) => {
          const known = window.bolide.snapshots().map(({ tick }) => tick);
          const within = ticks.filter((tick) => tick >= known[0] && tick <= known.at(-1));
          return within.map((tick) => ({ tick, players: window.bolide.drawnAt(tick) }));
        },
        told.map(({ tick }) => tick),
      );
      for (const { tick, players } of drawn) {
        last = tick;
        const expected = told.find((snapshot) => snapshot.tick === tick).players;
        const places = (list) => list.map(({ id, x, y, health, life }) => ({ id, x, y, health, life }));
        assert.deepEqual(places(players), places(expected), `tick ${tick}`);
        for (const { motion } of players) if (motion !== null) seen[motion.kind] = true;
        compared += players.length;
      }
    }
    const [adas, bobs] = [(await state(ada.page)).stats, (await state(bob.page)).stats];
    assert.equal(bobs.resyncs, 0, "every delta fitted, and every hash");
    // How many fewer depends on how much they did while this machine was busy.
    assert.ok(bobs.deltas < adas.deltas, `${bobs.deltas} deltas of motions, ${adas.deltas} of places`);
  },
);
