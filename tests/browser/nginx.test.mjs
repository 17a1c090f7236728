// A real nginx in front of the server: with the locations of docs/operations.md, and with those of
// old sites, which name no client.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { openStart, play, state, until, untilFight } from "./lib/game.mjs";
import { behind, documented } from "./lib/nginx.mjs";
import { openSite } from "./lib/site.mjs";

const SILENT_PROXY = /the trusted proxy 127\.0\.0\.1 sends no X-Forwarded-For/g;
/** Chromium's message about pages that come back while nginx is gone already. */
const GONE = /^WebSocket connection to 'ws:\S+' failed: /;
const TRUSTED = ["--trusted-proxies", "127.0.0.1"];

const example = (name) => readFile(new URL(`../../examples/web/${name}.html`, import.meta.url));

/** Answers who is signed in: for the test, the session is named like the user. */
function whoami({ headers }, response) {
  const user = /(?:^|; )sessionid=(\w+)/.exec(headers.cookie ?? "")?.[1];
  response.writeHead(user === undefined ? 401 : 200, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ user, groups: [] }));
}

// It stands for the site's Django, which has pages and people, and knows nothing of sockets.
const django = await openSite({ "/": await example("arena"), "/topics": await example("topics"), "/whoami": whoami });
after(() => django.close());

browserTest("below a path of nginx the page plays", { options: TRUSTED }, async (open, server) => {
  await behind(await documented("### Below a path", server), async (address) => {
    const ada = { ...(await open(DESKTOP)), address: `${address}/game` };
    await openStart(ada, "Ada");
    await until(ada.page, "it has the modes", () => document.querySelectorAll("#modes input").length > 1);
    await play(ada);
    await untilFight(ada.page);
    const before = await state(ada.page);
    await ada.page.reload();
    await until(ada.page, "Ada is back", () => window.bolide?.state().phase === "fighting");
    assert.equal((await state(ada.page)).seat, before.seat);
  });
  assert.doesNotMatch(server.output(), SILENT_PROXY);
});

/** Two old pages of the site at `address` meet in a fight. */
async function meet(open, address) {
  const players = [await open(DESKTOP), await open(DESKTOP)];
  for (const [index, { page }] of players.entries()) await page.goto(`${address}/?name=${index}`);
  for (const { page } of players) {
    await until(page, "the fight begins", () => window.arena?.look().state === "fighting");
  }
}

browserTest("behind nginx Django has the page, and the server its socket", { options: TRUSTED }, async (open, server) => {
  const locations = await documented("### Beside a site", server, django);
  await behind(locations, (address) => meet(open, address));
  assert.doesNotMatch(server.output(), SILENT_PROXY);
});

/** Row 3.16: the invitations of an old site, and row 3.19. */
browserTest(
  "notices of an invitation reach the pages of those whom the site knows",
  { expected: GONE, options: [...TRUSTED, "--relay", "topics", "--relay-auth", `${django.address}/whoami`] },
  async (open, server) => {
    const secret = /bk_\w+/.exec(await server.ask("key", "new", "site", "--may", "publish"))[0];
    const publish = async (users, notice) => {
      const game = { gameName: "chess", requestee: "john", acceptee: "mary", gameID: 7 };
      const body = { to: { users }, facility: "notifications", text: JSON.stringify({ type: notice, ...game }) };
      const headers = { Authorization: `Bearer ${secret}` };
      const answer = await fetch(`${server.address}/api/v1/publish`, { method: "POST", headers, body: JSON.stringify(body) });
      assert.equal(answer.status, 202, await answer.text());
    };
    const locations = await documented("### Beside a site", server, django);
    await behind(locations, async (address) => {
      const [john, mary, stranger] = [await open(DESKTOP), await open(DESKTOP), await open(DESKTOP)];
      const users = [[john, "john"], [mary, "mary"], [stranger, null]];
      for (const [{ page, context }, user] of users) {
        if (user !== null) await context.addCookies([{ name: "sessionid", value: user, url: address }]);
        await page.goto(`${address}/topics?flags=subscribe-user`);
        await until(page, "the page is connected", () => window.seen.connections === 1);
      }
      await publish(["mary"], "game_request");
      await publish(["john"], "game_start1");
      await publish(["mary"], "game_start2");
      await publish(["john", "mary"], "game_deploy");
      const told = async ({ page }, count) => {
        await until(page, "the notices are there", (count) => window.seen.messages.length >= count, { arg: count });
        return page.evaluate(() => window.seen.messages.map((text) => JSON.parse(text).type));
      };
      assert.deepEqual(await told(john, 2), ["game_start1", "game_deploy"]);
      assert.deepEqual(await told(mary, 3), ["game_request", "game_start2", "game_deploy"]);
      assert.deepEqual(await told(stranger, 0), []);
    });
  },
);

/** As old sites have it: no client is named, and no host. */
const old = (server) => `
location /ws {
    proxy_pass ${server};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "Upgrade";
}
location / {
    proxy_pass ${django.address};
}`;

/** Row 3.18. */
browserTest("behind the nginx of an old site pages meet, and one line warns of it", { expected: GONE, options: [...TRUSTED, "--relay", "all"] }, async (open, server) => {
  await behind(old(server.address), async (address) => {
    await meet(open, address);
    const { page } = await open(DESKTOP);
    await page.goto(`${address}/topics?beat=0.1`);
    await until(page, "heartbeats are answered", () => window.seen.heartbeats > 2);
  });
  const warnings = server.output().match(SILENT_PROXY) ?? [];
  assert.equal(warnings.length, 1, server.output());
});
