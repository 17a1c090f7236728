// Pages of old relays in a real browser, as their users have them: examples/web. They are on a site
// of their own, but for the chat, whose page needs its server beside it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { join, until } from "./lib/game.mjs";
import { behind, documented } from "./lib/nginx.mjs";
import { openSite } from "./lib/site.mjs";

const NAMES = ["broadcast", "chat", "direct", "room", "topics"];
const pages = await Promise.all(NAMES.map((name) => readFile(new URL(`../../examples/web/${name}.html`, import.meta.url))));
const site = await openSite(Object.fromEntries(NAMES.map((name, index) => [`/${name}.html`, pages[index]])));
after(() => site.close());

const ALL = ["--relay", "all"];
/** Chromium's message about a connection that is cut, or not to be had. */
const LOST = /^WebSocket connection to 'ws:\S+' failed: /;

/** Opens an example of the site, and collects what it writes to the console. */
async function visit(player, name, options = {}) {
  const { page, address } = player;
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  const query = new URLSearchParams({ server: address.replace(/^http/, "ws"), ...options });
  await page.goto(`${site.address}/${name}.html?${query}`);
  return said;
}

/** Waits until the page has written such a line to its console. */
async function hears({ page }, said, line) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (said.includes(line)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`${JSON.stringify(line)} is not among ${JSON.stringify(said)}`);
}

const shows = ({ page }, id, text) =>
  until(page, `#${id} shows ${text}`, ([id, text]) => document.getElementById(id).innerText.includes(text), { arg: [id, text] });

async function say({ page }, text, button = "#send") {
  await page.fill("#text", text);
  await page.click(button);
}

/** Row 1.13, with the rows 1.1 and 1.2. */
browserTest("a broadcast page of another port sends, hears and closes", { options: ALL }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(PHONE)];
  const [atAda, atBob] = [await visit(ada, "broadcast"), await visit(bob, "broadcast")];
  await Promise.all([hears(ada, atAda, "open"), hears(bob, atBob, "open")]);
  await say(ada, "");
  await say(ada, '大家好 <b>"');
  await Promise.all([hears(ada, atAda, '大家好 <b>"'), hears(bob, atBob, '大家好 <b>"')]);
  assert.deepEqual(atBob, ["open", '大家好 <b>"']);
  await screenshot(bob.page, "relays broadcast");
  await bob.page.click("#close");
  await hears(bob, atBob, "close 1005");
});

/** Row 1.13, with the rows 1.5, 1.6, 1.8 and 1.11. */
browserTest("a page of another port sends from user to user", { options: ALL }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  const [atAda, atBob] = [await visit(ada, "direct"), await visit(bob, "direct", { name: "小明" })];
  await Promise.all([hears(ada, atAda, "open"), hears(bob, atBob, "open")]);
  await ada.page.fill("#to", "小明");
  await say(ada, "你好");
  await hears(bob, atBob, '{"message":"你好","to_user":"小明"}');
  await ada.page.fill("#to", "nobody");
  await say(ada, "hello?");
  await hears(ada, atAda, '{"error":"user_absent","to_user":"nobody","detail":"nobody is not connected"}');
  assert.equal(atAda.length, 2, atAda.join());
  // A page without a name keeps the one that it made.
  const name = await ada.page.textContent("#name");
  assert.match(name, /^[0-9a-f]{32}$/);
  await ada.page.click("#close");
  await hears(ada, atAda, "close 1005");
  await ada.page.reload();
  assert.equal(await ada.page.textContent("#name"), name);
  const second = await open(DESKTOP);
  const atSecond = await visit(second, "direct", { name: "小明" });
  await hears(second, atSecond, "close 1008");
  assert.match(atSecond.join(), /"error":"name_taken"/);
});

/** Row 2.4, with the rows 2.1 and 2.5. */
browserTest("a room's page says when it is connected and when it is not", { options: ALL }, async (open) => {
  const [ada, bob, eve] = [await open(DESKTOP), await open(PHONE), await open(DESKTOP)];
  for (const [player, room] of [[ada, "群"], [bob, "群"], [eve, "9"]]) {
    await visit(player, "room", { room });
    await shows(player, "lines", "[连接成功]");
  }
  await say(ada, "大家好 <b>");
  await Promise.all([shows(ada, "lines", "大家好 <b>"), shows(bob, "lines", "大家好 <b>")]);
  await screenshot(bob.page, "relays room");
  await bob.page.click("#close");
  await shows(bob, "lines", "[服务端断开]");
  await say(ada, "x");
  await shows(ada, "lines", "\nx");
  assert.equal(await eve.page.innerText("#lines"), "[连接成功]");
});

/** Seconds between two heartbeats: as the topics' client has them, or less. */
const BEAT_S = process.env.BOLIDE_SURVIVAL === "deep" ? 5 : 0.1;
/** A minute of them; the fourth without an answer closes. */
const BEATS = 12;

const look = ({ page }) => page.evaluate(() => window.seen);

/** Row 3.7, and the trap of a client that comes back for ever. */
browserTest("heartbeats are answered to their sender alone, and the connection stays", { options: [...ALL, "--relay-publish", "broadcast"] }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  const flags = "subscribe-broadcast,publish-broadcast,echo";
  await visit(ada, "topics", { flags, beat: BEAT_S });
  // So slow that it sends none.
  await visit(bob, "topics", { flags, beat: 10_000 });
  await until(ada.page, "the heartbeats are answered", (beats) => window.seen.heartbeats >= beats, {
    arg: BEATS,
    timeoutMs: 4 * BEATS * BEAT_S * 1000 + 60_000,
  });
  assert.equal((await look(ada)).connections, 1);
  assert.deepEqual((await look(ada)).messages, []);
  assert.deepEqual(await look(bob), { connections: 1, heartbeats: 0, messages: [] });
});

browserTest("the topics' client goes when nothing is answered, and comes back", { options: ALL }, async (open) => {
  const ada = await open(DESKTOP);
  const sent = [];
  await ada.page.routeWebSocket(/\/ws\//, (socket) => socket.onMessage((text) => sent.push(text)));
  await visit(ada, "topics", { beat: 0.05 });
  await until(ada.page, "it came back", () => window.seen.connections === 2);
  assert.equal(sent.filter((text) => text === "--heartbeat--").length % 3, 0, sent.join());
});

/** Row 3.13. */
browserTest("after a restart the topics' client is back by itself", { expected: LOST, options: ALL }, async (open, server) => {
  const ada = await open(DESKTOP);
  await visit(ada, "topics", { beat: 0.5 });
  await shows(ada, "state", "connected");
  await server.kill();
  await shows(ada, "state", "disconnected");
  await server.startAgain();
  await until(ada.page, "it came back", () => window.seen.connections === 2);
});

/** Row 3.17. */
browserTest("one command is a banner on the native page and a line on the old one", { options: ALL }, async (open, server) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada");
  await visit(bob, "topics", { facility: "notifications" });
  await shows(bob, "state", "connected");
  const said = await server.ask("notice", "--level", "warning", "--title", "Soon", "Back at <b>noon</b>");
  assert.equal(said, "told 2 connections\n");
  await ada.page.waitForSelector("#banner[data-level=warning]", { state: "visible" });
  const texts = await ada.page.locator("#banner [id]:not(button)").allInnerTexts();
  assert.deepEqual(texts, ["Warning", "Soon", "Back at <b>noon</b>"]);
  await until(bob.page, "the line is there", () => window.seen.messages.join() === "Back at <b>noon</b>");
});

/** Row 2.11. */
browserTest("the address of a room is a page, in which tabs hear each other", { options: ALL }, async (open) => {
  const ada = await open(PHONE);
  const { page, address } = ada;
  const other = { ...ada, page: await ada.context.newPage() };
  for (const player of [ada, other]) {
    await player.page.goto(`${address}/room/群/`);
    await shows(player, "log", "(connected)");
  }
  await page.fill("#text", "大家好 <b>");
  await page.keyboard.press("Enter");
  await shows(other, "log", "大家好 <b>");
  await screenshot(page, "relays room of the server");
});

/** The nicknames that a page of the chat shows. */
const people = ({ page }, names) =>
  until(page, `the people are ${names}`, (names) => [...document.querySelectorAll("#people li")].map((it) => it.innerText).join() === names, {
    arg: names.join(),
  });

/** Posts a form of the chat from a page, whatever the page shows. */
const post = ({ page }, path, fields) =>
  page.evaluate(
    async ([path, fields]) => {
      const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
      return [answer.status, await answer.json()];
    },
    [path, fields],
  );

const id = ({ page }) => page.evaluate(() => me);

/** Chromium's message about an answer that is a refusal. */
const REFUSED = /Failed to load resource/;

/** Rows 4.1 to 4.7; the chat's page is on the host of its server. */
browserTest(
  "the chat's page has a nickname, lines, one other nickname, and what was said before",
  { expected: REFUSED, options: [...ALL, "--trusted-proxies", "127.0.0.1"] },
  async (open, server) => {
    await behind(await documented("### Beside a site", server, site), async (address) => {
      const [ada, bob, eve] = [await open(DESKTOP), await open(DESKTOP), await open(PHONE)];
      const enter = ({ page }, name) => page.goto(`${address}/chat.html?name=${encodeURIComponent(name)}`);
      await enter(ada, "阿明");
      await people(ada, ["阿明"]);
      assert.match(await id(ada), /^[0-9a-f]{8}$/);
      // The server draws a name.
      await enter(bob, "");
      await until(bob.page, "Bob has a name", () => document.getElementById("name").value !== "");
      const drawn = await bob.page.inputValue("#name");
      assert.match(drawn, /^[A-Z][a-z]+ [A-Z][a-z]+ \d+$/);
      await Promise.all([people(ada, ["阿明", drawn]), people(bob, ["阿明", drawn])]);

      await say(ada, "你好 <b>", "#say button");
      await Promise.all([shows(ada, "lines", "阿明: 你好 <b>"), shows(bob, "lines", "阿明: 你好 <b>")]);
      await bob.page.fill("#name", "Bob");
      await bob.page.click("#change");
      await people(ada, ["阿明", "Bob"]);
      await until(bob.page, "the page lets it be", () => document.getElementById("change").disabled);
      assert.deepEqual(await post(bob, "change_name", { user_name: "Rob", user_from: await id(bob) }), [
        409,
        { msg: "the name was changed already" },
      ]);
      assert.deepEqual(await post(bob, "msg_send", { txt: "forged", user_from: await id(ada) }), [403, { msg: "that is not you" }]);
      await say(bob, "second", "#say button");
      await shows(ada, "lines", "Bob: second");

      await enter(eve, "Eve");
      await people(ada, ["阿明", "Bob", "Eve"]);
      await shows(eve, "lines", "阿明: 你好 <b>\nBob: second");
      await screenshot(eve.page, "relays chat");
      await bob.page.close();
      await Promise.all([people(ada, ["阿明", "Eve"]), people(eve, ["阿明", "Eve"])]);
      assert.equal((await ada.page.innerText("#lines")).trim(), "阿明: 你好 <b>\nBob: second");
    });
  },
);

/** Row 4.9: the same address without an upgrade. */
browserTest("the address of the chat is a page, too", { options: ALL }, async (open) => {
  const ada = await open(DESKTOP);
  await ada.page.goto(`${ada.address}/chat`);
  await ada.page.fill("#nick", "Ada");
  await ada.page.keyboard.press("Enter");
  await shows(ada, "roster", "Ada");
  await say(ada, "hi <i>", "#say button");
  await shows(ada, "log", "Ada: hi <i>");
  await screenshot(ada.page, "relays chat of the server");
});
