// Places where a page may be: below a path of a proxy, on another origin that `origins` names or
// does not, and in a folder of the operator's own.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { browserTest, DESKTOP, screenshot } from "./lib/browser.mjs";
import { field, mouseHand, openStart, play, state, toScreen, until, untilFight } from "./lib/game.mjs";
import { openProxy, openSite } from "./lib/site.mjs";

const client = new URL("../../client/", import.meta.url);
const { build } = createRequire(new URL("package.json", client))("esbuild");

/** A page of another origin, which uses the SDK and frames the page of the server. */
const PAGE = `
  import { Bolide } from "./src/sdk/index.ts";
  const server = new URLSearchParams(location.search).get("server");
  const frame = document.createElement("iframe");
  Object.assign(frame, { src: server + "/", width: 960, height: 600 });
  document.body.append(frame);
  const client = new Bolide(server);
  const modes = await client.modes().then((all) => all.map(({ name }) => name), () => "hidden");
  const seat = await client.joinOrCreate({ name: "Ada" }).then(({ welcome }) => welcome.seat, () => "refused");
  window.found = { modes, seat };
`;

const bundled = await build({
  stdin: { contents: PAGE, resolveDir: fileURLToPath(client) },
  bundle: true,
  format: "esm",
  write: false,
});
const FILES = {
  "/": '<!doctype html><title>Another page</title><body><script type="module" src="page.mjs"></script>',
  "/page.mjs": bundled.outputFiles[0].text,
  "/a.txt": "a file of another origin",
};
const [named, other] = [await openSite(FILES), await openSite(FILES)];
after(() => Promise.all([named.close(), other.close()]));

const MODES = ["classic", "brawl", "duel", "royale"];
/** Chromium's messages about what a page may not do. */
const FORBIDDEN = /CORS policy|Failed to load resource|WebSocket connection|Content Security Policy/;

/** The answers that a page of that site gets from the server. */
async function visit({ page, address }, site) {
  await page.goto(`${site.address}/?server=${encodeURIComponent(address)}`);
  await until(page, "the page has asked for all", () => window.found !== undefined);
  return page.evaluate(() => window.found);
}

const framed = ({ page }) => page.frameLocator("iframe").locator("#play:enabled").waitFor();
const notFramed = ({ page }) => page.mainFrame().childFrames()[0].waitForURL("chrome-error://chromewebdata/");

browserTest(
  "a page of an origin that is named reads the lists, plays and frames the page, and another one does not",
  { expected: FORBIDDEN, options: ["--origins", named.address] },
  async (open) => {
    const player = await open(DESKTOP);
    const { modes, seat } = await visit(player, named);
    assert.deepEqual(modes, MODES);
    assert.equal(typeof seat, "number");
    await framed(player);
    await screenshot(player.page, "desktop framed");

    assert.deepEqual(await visit(player, other), { modes: "hidden", seat: "refused" });
    await notFramed(player);

    // The server's own page is named by nobody, and plays.
    await openStart(player, "Ada");
    await play(player);
  },
);

browserTest("with no origin named every page reads the lists and plays, and none frames the page", { expected: FORBIDDEN }, async (open) => {
  const player = await open(DESKTOP);
  const { modes, seat } = await visit(player, other);
  assert.deepEqual(modes, MODES);
  assert.equal(typeof seat, "number");
  await notFramed(player);
});

/** A page with everything inline. `tries` says what came of what it did. */
const INLINE = `<!doctype html><title>Own page</title><style>h1 { color: rgb(1, 2, 3) }</style><h1>Own page</h1>
<script>
  const works = (doing) => doing.then(() => true, () => false);
  const evaluates = () => { try { return eval("true"); } catch { return false; } };
  const opens = () => new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL("play", location.href).href.replace("http", "ws"), "bolide.v1.json");
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  (async () => {
    window.tries = {
      colour: getComputedStyle(document.querySelector("h1")).color,
      lists: await works(fetch("api/v1/modes")),
      socket: await works(opens()),
      named: await works(fetch("${named.address}/a.txt")),
      other: await works(fetch("${other.address}/a.txt")),
      evaluates: evaluates(),
    };
  })();
</script>`;

const folder = await mkdtemp(join(tmpdir(), "bolide-web-"));
await writeFile(join(folder, "index.html"), INLINE);
after(() => rm(folder, { recursive: true }));

browserTest(
  "a page in a folder of one's own has scripts and styles inline, and reaches its server and the origins that are named",
  { expected: FORBIDDEN, options: ["--web-dir", folder, "--origins", named.address] },
  async (open) => {
    const { page, address } = await open(DESKTOP);
    await page.goto(`${address}/`);
    await until(page, "the page has tried all", () => window.tries !== undefined);
    const tries = await page.evaluate(() => window.tries);
    const expected = { colour: "rgb(1, 2, 3)", lists: true, socket: true, named: true, other: false, evaluates: false };
    assert.deepEqual(tries, expected);
  },
);

browserTest("below a path of a proxy the page plays, is left and found again, and is invited to", { options: ["--bots-fill-to", "0"] }, async (open, server) => {
  const proxy = await openProxy({ "/game/": server.address, "/other/": server.address });
  try {
    const ada = { ...(await open(DESKTOP)), address: `${proxy.address}/game` };
    await openStart(ada, "Ada");
    await until(ada.page, "it has the lists", (modes) => document.querySelectorAll("#modes input").length === modes, {
      arg: MODES.length,
    });
    await ada.page.click("label:has(input[name=which-room][value=private])");
    await play(ada);
    await ada.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await ada.page.click("#share");
    await until(ada.page, "the link is copied", async () => (await navigator.clipboard.readText()).includes("?code="));
    const link = new URL(await ada.page.evaluate(() => navigator.clipboard.readText()));
    assert.equal(`${link.origin}${link.pathname}`, `${proxy.address}/game/`);

    const bob = { ...ada, page: await ada.context.newPage() };
    await openStart(bob, "Bob", link.search);
    await play(bob);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    const before = await state(ada.page);
    assert.equal((await state(bob.page)).room, before.room);

    // The seat of one path is not the seat of another, and stays where it is.
    await ada.page.goto(`${proxy.address}/other/`);
    await ada.page.waitForSelector("#play:enabled");
    assert.ok(await ada.page.isHidden("#arena"));
    await ada.page.goto(`${proxy.address}/game/`);
    await until(ada.page, "Ada is back", () => window.bolide?.state().phase === "fighting");
    assert.equal((await state(ada.page)).seat, before.seat);

    const { self } = await field(ada.page);
    await mouseHand(ada.page).walk(await toScreen(ada.page, self.x > 0.9 ? 0.3 : 1.5, 0.5));
    await until(
      ada.page,
      "Ada walks",
      ({ id, x, y }) => {
        const me = window.bolide.state().players.find((player) => player.id === id);
        return Math.hypot(me.x - x, me.y - y) > 0.02;
      },
      { arg: self },
    );
  } finally {
    await proxy.close();
  }
});
