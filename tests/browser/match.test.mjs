// A whole match against bots with mouse and keyboard, to the banner and into the next match.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import {
  events,
  field,
  join,
  mouseHand,
  play,
  playThrough,
  rematch,
  state,
  toScreen,
  until,
  untilFight,
} from "./lib/game.mjs";

browserTest("a match is played to its end and a rematch follows", {}, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await page.goto(player.address);
  await page.waitForSelector("#modes input[value=brawl]:checked", { state: "attached" });
  await screenshot(page, "desktop start");
  await join(player, "Ada");

  let liveliest = 0;
  const { shots, blinks } = await playThrough(page, mouseHand(page), {
    async onFight({ self, fireballs, hurt }) {
      if (self === null || fireballs + hurt <= liveliest) return;
      liveliest = fireballs + hurt;
      await screenshot(page, "desktop play");
    },
  });
  assert.ok(shots.length > 0 && blinks.length > 0);

  const { players, rules, match, result } = await state(page);
  const hits = (await events(page)).filter(
    ({ event, match: number }) => event.kind === "hit" && number === match.number,
  );
  assert.ok(hits.length > 0, "somebody was hit");
  for (const { event } of hits) assert.ok(event.health < rules.health, "a hit costs health");
  assert.ok(
    players.some((p) => p.health < rules.health),
    "the snapshot agrees that somebody is hurt",
  );

  await page.waitForSelector("#result", { state: "visible" });
  assert.ok(result !== null, "the page was told the result");
  const title = await page.textContent("#result-title");
  assert.match(title, /wins|You win!|Draw/);
  const rows = await page.locator("#placements tr").count();
  assert.equal(rows, result.placements.length);
  await screenshot(page, "desktop result");

  await rematch(page);
  await until(
    page,
    "the page names the next match and takes the banner away",
    (number) =>
      document.getElementById("where").textContent.endsWith(`match ${number}`) &&
      document.getElementById("result").hidden,
    { arg: match.number + 1 },
  );
});

browserTest("the name and the mode are remembered", {}, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await page.goto(player.address);
  await page.waitForSelector("#modes input[value=classic]", { state: "attached" });
  await page.click("label:has(input[value=classic])");
  await page.fill("#name", "Grace");
  await page.click("#play");
  await until(page, "the page joins the chosen mode", () => window.bolide?.state().mode === "classic");
  await page.click("#leave");
  await page.waitForSelector("#start", { state: "visible" });
  await page.reload();
  await page.waitForSelector("#modes input[value=classic]:checked", { state: "attached" });
  assert.equal(await page.inputValue("#name"), "Grace");
});

browserTest(
  "a throw does not end a held walk, by mouse and by thumb",
  { options: ["--bots-fill-to", "0"] },
  async (open) => {
    const [ada, bob] = [await open(DESKTOP), await open(PHONE)];
    await join(ada, "Ada");
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    const { mouse } = ada.page;
    // Far away: who has arrived has no direction to throw in.
    const side = (await field(ada.page)).self.x > 0.9 ? 0.1 : 1.7;
    const corner = await toScreen(ada.page, side, 0.1);
    await until(ada.page, "the fireball is ready", () => {
      const { tick, private: own } = window.bolide.state();
      return own !== null && tick >= own.fireballReady;
    });
    await mouse.move(corner.x, corner.y);
    await mouse.down({ button: "right" });
    await mouse.down();
    await mouse.up();
    await until(ada.page, "Ada throws", () => window.bolide.events().some(({ event }) => event.kind === "shot"));
    const { x, y } = await toScreen(ada.page, side, 0.95);
    const before = (await field(ada.page)).self;
    await mouse.move(x, y);
    await until(ada.page, "Ada still follows the mouse", (from) => window.bolide.state().players[0].y > from + 0.05, {
      arg: before.y,
    });
    await mouse.up({ button: "right" });

    const touches = await bob.context.newCDPSession(bob.page);
    const touch = (type, ...touchPoints) => touches.send("Input.dispatchTouchEvent", { type, touchPoints });
    const walk = { ...(await toScreen(bob.page, 1.5, 0.8)), id: 0 };
    const box = await bob.page.locator("#fire").boundingBox();
    const button = { x: box.x + box.width / 2, y: box.y + box.height / 2, id: 1 };
    await touch("touchStart", walk);
    await touch("touchStart", walk, button);
    await until(bob.page, "a second finger arms", () => document.getElementById("fire").ariaPressed === "true");
    await touch("touchEnd");
  },
);

browserTest("Leave asks in the middle of a match, and nowhere else", { options: ["--bots-fill-to", "0"] }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(PHONE)];
  const { page } = ada;
  await join(ada, "Ada", "?mode=duel");
  await page.click("#leave");
  await page.waitForSelector("#play:enabled");
  await play(ada);
  await join(bob, "Bob", `?room=${encodeURIComponent((await state(page)).room)}`);
  await untilFight(page);
  const before = await state(page);
  for (const stay of [() => page.keyboard.press("Escape"), () => page.click("#stay"), () => page.keyboard.press("Enter")]) {
    await page.click("#leave");
    await page.waitForSelector("#ask", { state: "visible" });
    await screenshot(page, "desktop leave");
    await stay();
    await page.waitForSelector("#ask", { state: "hidden" });
  }
  assert.ok(await page.isVisible("#arena"));
  await bob.page.tap("#leave");
  await bob.page.waitForSelector("#ask", { state: "visible" });
  await screenshot(bob.page, "phone leave");
  await page.click("#leave");
  await page.click("#go");
  await page.waitForSelector("#play:enabled");
  assert.ok(await page.isHidden("#join-error"));
  // For Bob the match is over, and so is the question.
  await bob.page.waitForSelector("#result", { state: "visible" });
  await bob.page.waitForSelector("#ask", { state: "hidden" });
  await bob.page.tap("#leave");
  await bob.page.waitForSelector("#play:enabled");
  assert.equal(before.phase, "fighting");
});

browserTest("whoever is out may leave and play again, with one press", { options: ["--bots-fill-to", "8", "--bots-wait-s", "1", "--bots-skill", "hard"] }, async (open) => {
  const ada = await open(DESKTOP);
  const { page } = ada;
  await join(ada, "Ada", "?mode=brawl");
  // Beside seven who are good somebody falls soon; the last to fall would see the result instead.
  for (let matches = 1; ; matches += 1) {
    await until(page, "the fight is over, or is for Ada", () => {
      return window.bolide.state().phase === "over" || !document.getElementById("again").hidden;
    }, { timeoutMs: 240_000 });
    if (await page.isVisible("#again")) break;
    assert.ok(matches < 6, "Ada is never the first to fall");
    await page.waitForSelector("#result", { state: "visible" });
    await rematch(page);
  }
  const { seat, room } = await state(page);
  await screenshot(page, "desktop out");
  await page.evaluate(() => {
    window.testStart = 0;
    new MutationObserver(() => (window.testStart += document.getElementById("join-error").hidden ? 0 : 1)).observe(document.body, { subtree: true, attributes: true });
  });
  await page.click("#again");
  await until(page, "Ada has another seat", ([s, r]) => {
    const now = window.bolide?.state();
    return now !== undefined && (now.seat !== s || now.room !== r) && now.roster.length > 0;
  }, { arg: [seat, room] });
  assert.equal((await state(page)).mode, "brawl");
  assert.equal(await page.evaluate(() => window.testStart), 0);
});
