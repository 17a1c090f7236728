// The start screen, on the few parts of a page that it needs: what is pressed too early, and what the address names.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

class Element extends EventTarget {
  hidden = false;
  disabled = true;
  value = "";
  checked = false;
  textContent = "";
  children = [];
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  focus() {}
  get #inside() {
    return this.children.flatMap((child) => (child instanceof Element ? [child, ...child.#inside] : []));
  }
  querySelector() {
    return this.#inside.find((element) => element.checked) ?? null;
  }
  querySelectorAll() {
    return this.#inside;
  }
}
class Input extends Element {}
class Form extends Element {}
class Button extends Element {}

/** The class of the start screen, on a page that has just been loaded, and the page's elements. */
async function loaded(remembered = {}) {
  const rooms = ["any", "private", "code"].map((value) => Object.assign(new Input(), { value, checked: value === "any" }));
  const page = { start: new Element(), join: new Form(), name: new Input(), code: new Input(), modes: new Element() };
  Object.assign(page, { "join-error": new Element(), play: new Button(), "take-back": new Button() });
  page.join.append(...rooms);
  Object.assign(globalThis, {
    HTMLElement: Element,
    HTMLFormElement: Form,
    HTMLInputElement: Input,
    HTMLButtonElement: Button,
    localStorage: { getItem: (key) => remembered[key] ?? null, setItem: (key, value) => (remembered[key] = value) },
    document: {
      getElementById: (id) => page[id] ?? null,
      createElement: (tag) => (tag === "input" ? new Input() : new Element()),
    },
  });
  const { StartScreen } = await import("../src/arena/start.ts");
  /** Whether the browser would have left the page. */
  const press = () => page.join.dispatchEvent(new Event("submit", { cancelable: true }));
  return { StartScreen, page, press };
}

test("Play that is pressed before the page is ready leaves nothing and nowhere", async () => {
  const { StartScreen, page, press } = await loaded({ "bolide.name": "Ada" });
  const start = new StartScreen(new URLSearchParams());
  assert.equal(press(), false, "the browser's own submit is prevented");
  assert.ok(page.play.disabled);
  const choosing = start.choose(false);
  assert.equal(page.play.disabled, false);
  assert.equal(press(), false);
  assert.deepEqual(await choosing, { name: "Ada", mode: "brawl", room: "any" });
  assert.equal(press(), false, "nor afterwards");
});

test("a list of modes that never comes keeps nobody from playing, and one that comes late is shown", async (t) => {
  const { StartScreen, page } = await loaded();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const start = new StartScreen(new URLSearchParams());
  let answer = () => {};
  const loading = start.loadModes({ modes: () => new Promise((resolve) => (answer = resolve)) });
  t.mock.timers.tick(2_000);
  await loading;
  assert.equal(page.modes.children.length, 1, "the default");
  answer(["brawl", "duel"].map((name) => ({ name, capacity: 2 })));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(page.modes.children.length, 2);
});

test("what the address leaves empty is as if it were not there", async () => {
  const { StartScreen, press } = await loaded({ "bolide.name": "Ada", "bolide.mode": "duel" });
  const start = new StartScreen(new URLSearchParams("?name=&mode="));
  const choosing = start.choose(false);
  press();
  assert.deepEqual(await choosing, { name: "Ada", mode: "duel", room: "any" });
});

test("without the list of modes the default can be chosen, and a mode that is gone is forgotten", async () => {
  const remembered = { "bolide.name": "Ada", "bolide.mode": "hockey" };
  const { StartScreen, page, press } = await loaded(remembered);
  const start = new StartScreen(new URLSearchParams());
  await start.loadModes({ modes: () => Promise.reject(new Error("offline")) });
  const inputs = () => page.modes.querySelectorAll().filter((element) => element instanceof Input);
  const offered = () => inputs().map(({ value, checked }) => (checked ? `(${value})` : value));
  assert.deepEqual(offered(), ["(hockey)", "brawl"]);
  const refused = start.choose(false);
  press();
  assert.equal((await refused).mode, "hockey");
  start.forgetMode();
  assert.deepEqual([offered(), remembered["bolide.mode"] || null], [["(brawl)"], null]);
  const choosing = start.choose(false);
  press();
  assert.equal((await choosing).mode, "brawl");
});

test("a mode that the server has no more goes from its list", async () => {
  const { StartScreen, page } = await loaded({ "bolide.mode": "hockey" });
  const start = new StartScreen(new URLSearchParams());
  await start.loadModes({ modes: () => Promise.resolve(["brawl", "hockey"].map((name) => ({ name, capacity: 2 }))) });
  start.forgetMode();
  assert.deepEqual(page.modes.querySelectorAll().filter((element) => element instanceof Input).map(({ value }) => value), ["brawl"]);
});

test("a name of nothing is asked for again, and one of the address is cut to what the server takes", async () => {
  const { StartScreen, page, press } = await loaded();
  const start = new StartScreen(new URLSearchParams(`?name=${"🔥".repeat(30)}`));
  assert.equal(page.name.value, "🔥".repeat(24));
  const choosing = start.choose(false);
  page.name.value = "\u200b\u3164";
  press();
  assert.deepEqual([page["join-error"].textContent, page["join-error"].hidden], ["Please enter a name.", false]);
  page.name.value = "Ada";
  press();
  assert.equal((await choosing).name, "Ada");
});

test("no form can send what it holds to the page's address, and Play begins disabled", async () => {
  const html = await readFile("src/index.html", "utf8");
  const code = await Promise.all(["main", "start"].map((name) => readFile(`src/arena/${name}.ts`, "utf8")));
  const read = [...code.join("").matchAll(/params\.(?:get|has)\("(\w+)"\)/g)].map(([, parameter]) => parameter);
  assert.ok(read.includes("room") && read.includes("mode") && read.includes("name"));
  const named = [...`${html}${code.join("")}`.matchAll(/(?: name=|input\.name = )"([\w-]+)"/g)].map(([, name]) => name);
  assert.ok(named.includes("which-room") && named.includes("which-mode"));
  assert.deepEqual(named.filter((name) => read.includes(name)), []);
  for (const [form] of html.matchAll(/<form[^>]*>/g)) assert.match(form, / method="dialog"/);
  assert.match(html, /<button id="play"[^>]* autocomplete="off" disabled>/);
});
