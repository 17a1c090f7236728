// A whole match against bots with mouse and keyboard, to the banner and into the next match.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, screenshot } from "./lib/browser.mjs";
import { events, join, mouseHand, playThrough, rematch, state, until } from "./lib/game.mjs";

browserTest("a match is played to its end and a rematch follows", { timeoutMs: 420_000 }, async (open) => {
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
  await page.waitForTimeout(400);
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

browserTest("the name and the mode are remembered", { timeoutMs: 60_000 }, async (open) => {
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
