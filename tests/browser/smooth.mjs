// Measures how even somebody else's walk is drawn, and what it costs, by the kind of sync and by
// network: `npm run smooth`. It measures and checks nothing; needs BOLIDE_BIN.
//
// Ada walks all the time, first long straight ways, then with a turn each second. Bob's page is
// sampled in each frame: frozen is a frame in which she is drawn slower than a tenth of her speed,
// a jump is told as the walking time it skips. Then what a brawl of ten costs, and how long one's
// own press takes to be seen.

import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { field, join, mouseHand, state, toScreen, untilFight } from "./lib/game.mjs";
import { openRough } from "./lib/rough.mjs";

const NETWORKS = {
  "no jitter": { rttMs: 60 },
  "jitter 50": { rttMs: 60, jitterMs: 50 },
  "jitter 100": { rttMs: 60, jitterMs: 100 },
  "stalls of 1 s": { rttMs: 60, stallMs: 1_000 },
};
const SYNCS = ["state", "events"];
const SECONDS = 20;
const FIGHT_SECONDS = 12;
const PRESSES = 15;
/** Chromium's message when the rough network is taken away. */
const CLOSED = /^WebSocket connection to /;

/** Keeps Ada walking until `done`, with a new goal each second if she turns. */
async function walk({ page }, turns, done) {
  const hand = mouseHand(page);
  let goal = { x: 1.6, y: 0.5 };
  await hand.walk(await toScreen(page, goal.x, goal.y));
  let since = performance.now();
  while (!done()) {
    await page.waitForTimeout(30);
    const { self } = await field(page);
    const near = Math.hypot(goal.x - self.x, goal.y - self.y) < 0.15;
    if (!near && !(turns && performance.now() - since > 1_000)) continue;
    goal = { x: self.x > 0.9 ? 0.2 : 1.6, y: turns ? 0.2 + Math.random() * 0.6 : 0.5 };
    since = performance.now();
    await hand.walk(await toScreen(page, goal.x, goal.y));
  }
}

/** In the page: where a player is drawn in each frame. */
const sample = ({ page }, id) =>
  page.evaluate(
    ([player, ms]) =>
      new Promise((resolve) => {
        const frames = [];
        const until = performance.now() + ms;
        const frame = () => {
          const { drawnTick } = window.bolide.state();
          const { x, y } = window.bolide.drawnAt(drawnTick).find((shown) => shown.id === player);
          frames.push({ ms: performance.now(), x, y });
          if (frames.at(-1).ms < until) requestAnimationFrame(frame);
          else resolve(frames);
        };
        requestAnimationFrame(frame);
      }),
    [id, SECONDS * 1_000],
  );

function told(frames, speed) {
  let [frozen, freeze, longestFreeze, longestJump] = [0, 0, 0, 0];
  for (const [index, { ms, x, y }] of frames.entries()) {
    if (index === 0) continue;
    const before = frames[index - 1];
    const walkedMs = (Math.hypot(x - before.x, y - before.y) / speed) * 1_000;
    const isFrozen = walkedMs < (ms - before.ms) / 10;
    frozen += isFrozen ? 1 : 0;
    freeze = isFrozen ? freeze + ms - before.ms : 0;
    longestFreeze = Math.max(longestFreeze, freeze);
    longestJump = Math.max(longestJump, walkedMs);
  }
  const share = ((100 * frozen) / (frames.length - 1)).toFixed(1);
  return `frozen ${share.padStart(5)} %, longest freeze ${longestFreeze.toFixed(0).padStart(5)} ms, longest jump ${longestJump.toFixed(0).padStart(5)} ms, ${frames.length} frames`;
}

for (const [network, how] of Object.entries(NETWORKS)) {
  for (const sync of SYNCS) {
    browserTest(`${network}, ${sync}`, { expected: CLOSED, options: ["--bots-fill-to", "0"] }, async (open, server) => {
      const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
      const rough = await openRough(server.address, how);
      await join(ada, "Ada", "?mode=duel");
      const { room, seat, rules } = await state(ada.page);
      await join({ ...bob, address: rough.address }, "Bob", `?sync=${sync}&room=${encodeURIComponent(room)}`);
      await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
      for (const turns of [false, true]) {
        let done = false;
        const walking = walk(ada, turns, () => done);
        await bob.page.waitForTimeout(2_000);
        const before = rough.received();
        const frames = await sample(bob, seat);
        const bytes = (rough.received() - before) / SECONDS;
        done = true;
        await walking;
        console.log(`${network}, ${sync}, ${turns ? "turns" : "straight"}: ${told(frames, rules.walk_speed)}, ${bytes.toFixed(0)} bytes/s`);
      }
      rough.close();
    });
  }
}

/** In the page: until the own body is drawn elsewhere, and until the own fireball is in the air,
 * after a press each. */
async function press({ page }, act, seen) {
  const before = await page.evaluate(() => {
    const { seat, drawnTick } = window.bolide.state();
    const { x, y } = window.bolide.drawnAt(drawnTick).find(({ id }) => id === seat);
    addEventListener("pointerdown", () => (window.testPressedAt = performance.now()), { capture: true, once: true });
    return { x, y, shots: window.bolide.events().filter(({ event }) => event.kind === "shot").length };
  });
  const waiting = page.evaluate(
    ([kind, from]) =>
      new Promise((resolve) => {
        const frame = () => {
          const { seat, drawnTick } = window.bolide.state();
          const { x, y } = window.bolide.drawnAt(drawnTick).find(({ id }) => id === seat);
          const shots = window.bolide.events().filter(({ event, tick }) => event.kind === "shot" && tick <= drawnTick).length;
          if (kind === "walk" ? Math.hypot(x - from.x, y - from.y) > 0.002 : shots > from.shots) resolve(performance.now() - window.testPressedAt);
          else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      }),
    [seen, before],
  );
  await act();
  return waiting;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)].toFixed(0);

for (const sync of SYNCS) {
  browserTest(`a brawl of ten, ${sync}`, { expected: CLOSED, options: ["--bots-fill-to", "10", "--bots-wait-s", "1"] }, async (open, server) => {
    const ada = await open(DESKTOP);
    const rough = await openRough(server.address, { rttMs: 60 });
    await join({ ...ada, address: rough.address }, "Ada", `?sync=${sync}`);
    await untilFight(ada.page);
    const before = rough.received();
    await ada.page.waitForTimeout(FIGHT_SECONDS * 1_000);
    console.log(`a brawl of ten, ${sync}: ${((rough.received() - before) / FIGHT_SECONDS).toFixed(0)} bytes/s`);
    rough.close();
  });
  browserTest(`one's own press, ${sync}`, { expected: CLOSED, options: ["--bots-fill-to", "0"] }, async (open, server) => {
    const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
    const rough = await openRough(server.address, { rttMs: 100 });
    await join({ ...ada, address: rough.address }, "Ada", `?mode=duel&sync=${sync}`);
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
    await untilFight(ada.page);
    const hand = mouseHand(ada.page);
    const [walks, shots] = [[], []];
    for (let turn = 0; turn < PRESSES; turn += 1) {
      // Away from Bob, in a corner that is far from both.
      const goal = await toScreen(ada.page, turn % 2 === 0 ? 0.3 : 0.6, 0.9);
      walks.push(await press(ada, () => hand.walk(goal), "walk"));
      await ada.page.waitForTimeout(1_300);
      await hand.walk((await field(ada.page)).self.screen);
      await ada.page.waitForTimeout(400);
      const edge = await toScreen(ada.page, 0.05, 0.95);
      shots.push(await press(ada, () => ada.page.mouse.click(edge.x, edge.y), "shot"));
    }
    console.log(`one's own press at a round trip of 100 ms, ${sync}: walk ${median(walks)} ms, shot ${median(shots)} ms`);
    rough.close();
  });
}
