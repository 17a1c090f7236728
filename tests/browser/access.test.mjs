// The page for players who do not look at the arena, or not with every eye: landmarks, lists,
// contrast, where the focus goes, and what is told to those who listen.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { join, leave, openStart, play, rematch, settled, state, until, untilFight } from "./lib/game.mjs";

/** In the page: what is wrong with it as it is now. */
function findings() {
  const found = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const mains = [...document.querySelectorAll("main")].filter(seen);
  if (mains.length !== 1) found.push(`${mains.length} main`);
  for (const item of document.querySelectorAll("li")) {
    const list = item.parentElement;
    if (!["UL", "OL"].includes(list.tagName) || list.hasAttribute("role")) found.push(`an item outside of a list: ${list.outerHTML.slice(0, 60)}`);
  }

  // Contrast, as WCAG has it, of each text against what is painted beneath it.
  const parse = (color) => {
    const numbers = color.match(/[\d.]+/g).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    return { rgb: numbers.slice(0, 3).map((value) => value * scale), alpha: numbers[3] ?? 1 };
  };
  const over = (top, alpha, below) => top.map((value, i) => value * alpha + below[i] * (1 - alpha));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const element = node.parentElement;
    const exempt = element.closest("script, style, [aria-hidden=true], :disabled, .unseen");
    if (exempt !== null || node.data.trim() === "" || !seen(element)) continue;
    const chain = [];
    for (let at = element; at !== null; at = at.parentElement) chain.unshift(getComputedStyle(at));
    if (chain.some(({ backgroundImage }) => backgroundImage.includes("linear-gradient"))) continue;
    let [ground, opacity] = [[10, 13, 19], 1];
    for (const style of chain) {
      opacity *= Number(style.opacity);
      const { rgb, alpha } = parse(style.backgroundColor);
      ground = over(rgb, alpha * opacity, ground);
    }
    const { rgb, alpha } = parse(getComputedStyle(element).color);
    const contrast = ratio(over(rgb, alpha * opacity, ground), ground);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${node.data.trim().slice(0, 30)} (${element.className || element.tagName})`);
  }
  return found;
}

const isFine = async ({ page }, where) => {
  await settled(page);
  assert.deepEqual(await page.evaluate(findings), [], where);
};

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);

/** In the page, before anything else: keeps what the live region said. */
function listen() {
  window.testSaid = [];
  addEventListener("DOMContentLoaded", () => {
    const region = document.getElementById("announce");
    new MutationObserver(() => window.testSaid.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
  });
}

const THREE = { options: ["--bots-fill-to", "3", "--bots-wait-s", "1"] };

for (const [device, screen] of [["a desktop", DESKTOP], ["a phone", PHONE]]) {
  browserTest(`on ${device} a match has landmarks, lists, contrast and a focus, and is told to those who listen`, THREE, async (open) => {
    const player = await open(screen);
    const { page } = player;
    await page.addInitScript(listen);
    await openStart(player, "Ada", "?mode=brawl");
    await page.waitForSelector("#play:enabled");
    await isFine(player, "the first screen");
    await play(player);
    assert.equal(await focused(page), "arena");
    await isFine(player, "waiting");
    await untilFight(page);
    await isFine(player, "in a fight");
    await until(page, "Ada is out", () => {
      const { players, seat } = window.bolide.state();
      return players.find(({ id }) => id === seat)?.life === "dead";
    }, { timeoutMs: 240_000 });
    await until(page, "the list says so", () => document.querySelector("#players .out") !== null);
    await isFine(player, "with somebody who is out");
    await page.waitForSelector("#result", { state: "visible", timeout: 240_000 });
    assert.equal(await focused(page), "result");
    await isFine(player, "the result");
    await screenshot(page, `${device} result`);

    const said = (await page.evaluate(() => window.testSaid)).join("\n");
    const [found, hit, out, over] = [/Match found: you and 2 others\./, /You were hit\. Health \d+\./, /You are out\./, /: (Draw|.+ wins)\. You: place [123] of 3\./].map(
      (told) => said.search(told),
    );
    assert.ok(found >= 0 && found < hit && hit < out && out < over, said);
    assert.doesNotMatch(said, /0 of 2|You watch/, "nobody is told what is not so");

    await rematch(page);
    await page.waitForSelector("#result", { state: "hidden" });
    assert.equal(await focused(page), "arena", "the focus goes back");
    await leave(player);
    await page.waitForSelector("#play:enabled");
    assert.equal(await focused(page), "play");
  });
}

browserTest("a lost connection takes the focus and gives it back, and a result leaves it to whoever writes", { expected: /WebSocket/, options: ["--bots-fill-to", "0"] }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  const { page, network } = ada;
  await join(ada, "Ada", "?mode=duel");
  await page.keyboard.press("Enter");
  await page.keyboard.type("half a li");
  await network.down();
  await page.waitForSelector("#lost", { state: "visible" });
  assert.equal(await focused(page), "retry");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "give-up");
  assert.ok(await page.isVisible("#lost"), "Escape does not end it");
  await network.up();
  await page.waitForSelector("#lost", { state: "hidden" });
  assert.equal(await focused(page), "chat-line");

  await join(bob, "Bob", `?room=${encodeURIComponent((await state(page)).room)}`);
  await untilFight(page);
  await page.keyboard.type("ne");
  await leave(bob);
  await page.waitForSelector("#result", { state: "visible" });
  assert.equal(await focused(page), "chat-line");
  assert.equal(await page.inputValue("#chat-line"), "half a line");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "arena");
});
