// A stay in a room from the frames up: what the model makes of them, and what the controls send.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Controls } from "../src/arena/controls.ts";
import { companyLabel } from "../src/arena/hud/company.ts";
import { isAsleep, pausedText, waitingText } from "../src/arena/hud/notice.ts";
import { mayPlayElsewhere } from "../src/arena/hud/again.ts";
import { titleOf } from "../src/arena/hud/title.ts";
import { countText, lateText, phaseText } from "../src/arena/hud/top.ts";
import { Model } from "../src/arena/model.ts";
import { Bolide } from "../src/sdk/index.ts";
import { isOutside, zoneAt } from "../src/arena/zone.ts";
import { FakePlatform, ROYALE, welcome } from "./platform.js";

const PHASES = { waiting: 0, countdown: 1, fighting: 2, over: 3 };
const ME = [4, 0.5, 0.5, 50, 0];

async function stay() {
  const platform = new FakePlatform();
  const joining = new Bolide("http://host:1", { codec: "json", platform }).joinOrCreate({ name: "Ada" });
  platform.last.open();
  platform.last.say(welcome());
  const room = await joining;
  const model = new Model(room.welcome, () => platform.now());
  model.follow(room);
  const controls = new Controls(room, model, () => platform.now());
  room.onPrivate(({ refused }) => refused.forEach(({ seq, why }) => controls.onRefused(seq, why)));
  const say = (message) => platform.last.say(message);
  const match = (number, seats = [4]) => say({ t: "match", id: `m${number}`, number, seats });
  const snapshot = (tick, phase, players = [ME]) => say([1, tick, PHASES[phase], null, players, [], []]);
  return { platform, room, model, controls, say, match, snapshot, sent: () => platform.last.sent.slice(1) };
}

test("a new match starts with nothing of the old one", async () => {
  const { model, say, match, snapshot } = await stay();
  match(1);
  snapshot(900, "over");
  say({ t: "result", winner: 4, reason: "last_standing", placements: [], next_in_ticks: 300 });
  assert.equal(model.phase, "over");
  assert.notEqual(model.result, null);
  match(1, [4, 5]);
  assert.notEqual(model.result, null, "the same match again changes only its seats");
  match(2);
  assert.equal(model.result, null);
  assert.equal(model.timeline.newest, null);
  snapshot(1, "waiting");
  assert.equal(model.timeline.newest.tick, 1);
});

test("who is not among the seats watches", async () => {
  const { model, match } = await stay();
  match(1, [0, 1]);
  assert.equal(model.takesPart, false);
  match(2, [0, 1, 4]);
  assert.equal(model.takesPart, true);
});

test("who did nothing in a fight is not asked before its end is seen", async () => {
  const { model, say, match, snapshot } = await stay();
  match(1);
  snapshot(1, "fighting");
  say({ t: "roster", players: [{ id: 4, name: "Ada", bot: false, connected: true, idle: true }] });
  assert.equal(isAsleep(model), false);
  match(2, [5]);
  for (const phase of ["waiting", "fighting"]) {
    snapshot(1, phase, []);
    assert.ok(isAsleep(model), phase);
  }
});

test("who did nothing for a match says something with any click", async () => {
  const { model, controls, say, match, snapshot, sent } = await stay();
  const roster = (idle) => say({ t: "roster", players: [{ id: 4, name: "Ada", bot: false, connected: true, idle }] });
  const inputs = () => sent().filter(Array.isArray).length;
  match(1, [5]);
  snapshot(1, "waiting", []);
  roster(false);
  controls.walk({ x: 0.5, y: 0.5 });
  assert.deepEqual([model.idle, inputs()], [false, 0]);
  roster(true);
  controls.walk({ x: 0.5, y: 0.5 });
  controls.arm("shoot");
  assert.deepEqual([model.idle, inputs()], [true, 2]);
  roster(false);
  controls.walk({ x: 0.5, y: 0.5 });
  assert.deepEqual([model.idle, inputs()], [false, 2]);
});

test("a click while a match waits is a plan that is seen, and walked when the fight begins", async () => {
  const { controls, say, match, snapshot, sent } = await stay();
  const refused = [];
  controls.refused.subscribe(({ intent }) => refused.push(intent));
  const at = { x: 0.75, y: 0.5 };
  match(1);
  snapshot(1, "waiting", []);
  controls.walk(at);
  assert.equal(controls.planned, null, "who is not there yet goes nowhere");
  snapshot(2, "waiting");
  controls.walk(at);
  controls.use("shoot", at);
  controls.refresh(null);
  assert.deepEqual([controls.planned, refused, sent()], [at, ["shoot"], []]);
  snapshot(3, "countdown");
  controls.refresh(null);
  assert.deepEqual(controls.planned, at);
  snapshot(4, "fighting");
  controls.refresh(null);
  assert.deepEqual([controls.planned, sent().map(([, seq, , , intent]) => [seq, intent])], [null, [[1, 1]]]);
  // The same in a match that is interrupted, and Stop takes it back.
  say({ t: "paused", missing: [5], ticks_left: 240 });
  controls.walk({ x: 0.25, y: 0.5 });
  controls.refresh(null);
  assert.deepEqual([controls.planned, sent().length], [{ x: 0.25, y: 0.5 }, 1]);
  controls.stop();
  assert.equal(controls.planned, null);
  controls.walk(at);
  say({ t: "paused", missing: [], ticks_left: 0 });
  controls.refresh(null);
  assert.deepEqual([controls.planned, sent().length], [null, 2]);
});

test("the same tick sent again says nothing about time", async () => {
  const { platform, model, snapshot } = await stay();
  snapshot(30, "over");
  platform.advance(500);
  snapshot(30, "over");
  assert.equal(Math.round(model.clock.serverTick(platform.now())), 45);
  assert.equal(model.heardAtMs, 500, "but the server was heard");
});

test("after a comeback nothing is said of the match until its phase is known", async () => {
  const { platform, model, match, snapshot, say } = await stay();
  const told = () => [titleOf(model, 0), phaseText(model, 0), countText(model, 0), companyLabel(model)];
  say({ t: "bots", wanted: false, fill_to: 4 });
  assert.deepEqual([model.phase, ...told()], [null, "", "", "", ""]);
  match(3);
  snapshot(10, "fighting");
  assert.deepEqual(told(), ["Fight!", "Fight", "1 standing", ""]);
  platform.last.drop(1006);
  platform.advance(375);
  platform.last.open();
  platform.last.say(welcome({ resume: "token-2", code: "K7Q2MX" }));
  match(3);
  assert.deepEqual(told(), ["", "", "", ""]);
});

test("from a second without a word on the network is told to be late", async () => {
  const { platform, model, snapshot } = await stay();
  const late = () => lateText(model, platform.now());
  snapshot(1, "fighting");
  platform.advance(1_000);
  assert.equal(late(), "");
  platform.advance(240);
  assert.equal(late(), "late 1.2 s");
  snapshot(2, "fighting");
  assert.equal(late(), "");
});

test("names outlive their players", async () => {
  const { model, say } = await stay();
  say({ t: "roster", players: [{ id: 7, name: "Bob", bot: false, connected: true }] });
  say({ t: "roster", players: [] });
  assert.equal(model.nameOf(7), "Bob");
});

test("a resumed seat keeps its match, a new seat does not", async () => {
  const { platform, model, match, snapshot } = await stay();
  match(3);
  snapshot(10, "fighting");
  platform.last.drop(1006);
  platform.advance(375);
  platform.last.open();
  platform.last.say(welcome({ resume: "token-2" }));
  assert.equal(model.match.number, 3);
  assert.equal(model.timeline.newest, null, "what was missed is not guessed");
  platform.last.drop(1006);
  platform.advance(750);
  platform.last.open();
  platform.last.say({ t: "error", code: "bad_resume", message: "gone" });
  platform.last.say(welcome({ seat: 6 }));
  assert.equal(model.match, null);
  assert.equal(model.seat, 6);
});

test("a match that waits after a failure stands still, names who is missing, counts, and takes no input", async () => {
  const { platform, model, controls, say, match, snapshot, sent } = await stay();
  const frozen = () => [model.paused !== null, model.clock.serverTick(platform.now())];
  match(3);
  snapshot(200, "fighting");
  controls.walk({ x: 0.75, y: 0.5 });
  controls.arm("blink");
  platform.last.drop(1006);
  platform.advance(375);
  platform.last.open();
  platform.last.say(welcome({ resume: "token-2", seq: 1 }));
  match(3);
  say({ t: "paused", missing: [1, 2], ticks_left: 240 });
  say({ t: "roster", players: [1, 2].map((id) => ({ id, name: `P${id}`, bot: false, connected: false })) });
  snapshot(199, "fighting");
  controls.refresh(null);
  assert.deepEqual([controls.target, controls.armed], [null, null]);
  platform.advance(500);
  snapshot(199, "fighting");
  assert.deepEqual(frozen(), [true, 199], "the same tick again is no step");
  assert.equal(model.secondsOfPause(platform.now()), 7.5);
  assert.equal(pausedText(model, model.paused), "The server came back. Waiting for P1 and P2…");
  controls.walk({ x: 0.25, y: 0.5 });
  controls.use("shoot", { x: 0.25, y: 0.5 });
  controls.stop();
  assert.equal(controls.target, null);
  assert.deepEqual(sent(), [], "what the server would ignore is not sent");
  say({ t: "paused", missing: [2], ticks_left: 200 });
  assert.equal(pausedText(model, model.paused), "The server came back. Waiting for P2…");
  say({ t: "paused", missing: [], ticks_left: 0 });
  assert.deepEqual(frozen(), [false, 199], "it goes on from there");
  platform.advance(100);
  assert.equal(Math.round(model.clock.serverTick(platform.now())), 202);
  say({ t: "paused", missing: [2], ticks_left: 200 });
  snapshot(200, "fighting");
  assert.equal(model.paused, null, "a step has been made");
  controls.walk({ x: 0.25, y: 0.5 });
  assert.equal(sent().length, 1);
});

test("the tab's title tells the state", async () => {
  const { platform, model, say, match, snapshot } = await stay();
  const title = () => titleOf(model, platform.now());
  snapshot(1, "waiting", []);
  assert.equal(title(), "Waiting for players");
  match(1);
  say([1, 10, PHASES.countdown, 70, [ME], [], []]);
  assert.equal(title(), "▶ 2");
  platform.advance(1_500);
  assert.equal(title(), "▶ 1");
  snapshot(70, "fighting");
  assert.equal(title(), "Fight!");
  snapshot(80, "fighting", [[4, 0.5, 0.5, 10, 1]]);
  assert.equal(title(), "You are out");
  snapshot(90, "over", [[4, 0.5, 0.5, 10, 1]]);
  say({ t: "roster", players: [{ id: 7, name: "Bob", bot: false, connected: true }] });
  const result = (winner) => say({ t: "result", winner, reason: "last_standing", placements: [], next_in_ticks: 300 });
  for (const [winner, told] of [[7, "Bob wins"], [4, "You win!"], [null, "Draw"]]) {
    result(winner);
    assert.equal(title(), told);
  }
  match(2, [7]);
  snapshot(5, "countdown", []);
  assert.equal(title(), "You watch");
});

test("whoever is out of a fight, or only watches one, may play elsewhere, but for a private room", async () => {
  const { platform, model, match, snapshot, room } = await stay();
  const may = () => mayPlayElsewhere(model, platform.now());
  match(1);
  for (const [phase, player, expected] of [
    ["waiting", ME, false],
    ["fighting", ME, false],
    ["fighting", [4, 0.5, 0.5, 10, 1], true],
    ["over", [4, 0.5, 0.5, 10, 1], false],
  ]) {
    snapshot(10, phase, [player]);
    assert.equal(may(), expected, phase);
  }
  match(2, [7]);
  snapshot(5, "countdown", []);
  assert.equal(may(), false);
  snapshot(6, "fighting", []);
  assert.equal(may(), true);
  model.welcome = { ...room.welcome, code: "K7Q2MX" };
  assert.equal(may(), false, "the others are there");
});

test("of a crowd that is missing some are named", async () => {
  const { model } = await stay();
  const text = (missing) => pausedText(model, { missing }).replace("The server came back. Waiting for ", "");
  assert.equal(text([1, 2, 3]), "Player 1, Player 2 and Player 3…");
  assert.equal(text([1, 2, 3, 4]), "Player 1, Player 2, Player 3 and one other…");
  assert.equal(text([1, 2, 3, 4, 5]), "Player 1, Player 2, Player 3 and 2 others…");
});

test("an armed ability takes the next click, and only that", async () => {
  const { controls, snapshot, sent } = await stay();
  snapshot(1, "fighting");
  controls.arm("blink");
  controls.act({ x: 0.25, y: 0.5 }, "move");
  controls.act({ x: 0.75, y: 0.5 }, "move");
  assert.deepEqual(sent(), [
    [1, 1, null, 1, 3, 0.25, 0.5],
    [1, 2, null, 1, 1, 0.75, 0.5],
  ]);
});

test("a walk chosen in the countdown begins with the fight", async () => {
  const { controls, snapshot, sent } = await stay();
  snapshot(1, "countdown");
  controls.walk({ x: 0.75, y: 0.5 });
  controls.refresh(null);
  assert.deepEqual(sent(), []);
  snapshot(2, "fighting");
  controls.refresh(null);
  controls.refresh(null);
  assert.deepEqual(sent(), [[1, 1, null, 1, 1, 0.75, 0.5]]);
});

test("the mark of a walk is where the body will stop, and goes when it is refused", async () => {
  const { controls, say, snapshot } = await stay();
  snapshot(1, "fighting");
  controls.walk({ x: -1, y: 0.5 });
  assert.equal(controls.target.x, 0.05);
  const refused = [];
  controls.refused.subscribe((news) => refused.push(news));
  say([2, 2, 0, 0, [[controls.target.seq, 3]], 3]);
  assert.equal(controls.target, null);
  assert.deepEqual(refused, [{ intent: "move", why: "no_way" }]);
});

test("an input carries the whole tick that is drawn, from the first known one to the server's", async () => {
  const { platform, model, controls, snapshot, sent } = await stay();
  snapshot(30, "fighting");
  controls.stop();
  for (let tick = 31; tick < 60; tick += 1) {
    platform.advance(1000 / 30);
    snapshot(tick, "fighting");
  }
  platform.advance(10);
  controls.use("shoot", { x: 0, y: 0 });
  // A quiet fight: the next snapshot comes in half a second, and fireballs fly on meanwhile.
  platform.advance(400);
  controls.use("shoot", { x: 0, y: 0 });
  assert.deepEqual(
    sent().map(([, , , view]) => view),
    [30, 57, 69],
  );
  model.clock.serverTick = () => 68.9;
  controls.stop();
  assert.equal(sent().at(-1)[3], 68, "never past the server's");
});

test("a hit ends the walks that were taken before it, not one that waits for the push to end", async () => {
  const { controls, say, model } = await stay();
  const snapshot = (tick, ack) => say([1, tick, PHASES.fighting, null, [ME], [], [[4, ack]]]);
  snapshot(1, 0);
  controls.walk({ x: 0.75, y: 0.5 });
  snapshot(2, 1);
  controls.onHit(model.takenAt(2));
  assert.equal(controls.target, null);
  controls.walk({ x: 0.25, y: 0.5 });
  snapshot(3, 1);
  controls.onHit(model.takenAt(3));
  assert.equal(controls.target.x, 0.25);
});

test("the zone follows the drawn tick, waits, closes, and stands still with the match", async () => {
  const { platform, model, say } = await stay();
  platform.last.drop(1006);
  platform.advance(375);
  platform.last.open();
  platform.last.say(welcome({ rules: ROYALE }));
  const corner = Math.hypot(8, 4.5);
  const ends = 90 + 180 * 30;
  const at = (tick, phase) => {
    say([1, tick, PHASES[phase], phase === "fighting" ? ends : null, [ME], [], []]);
    return model.zone(platform.now());
  };
  assert.equal(at(80, "countdown"), null);
  assert.equal(at(91, "fighting").radius, corner);
  model.clock.reset();
  const half = at(90 + 90 * 30, "fighting");
  const drawn = 90 - 2 / 30;
  assert.ok(Math.abs(half.radius - (corner + ((0.5 - corner) * (drawn - 30)) / 120)) < 1e-9, String(half.radius));
  assert.ok(isOutside(half, 8 + half.radius + 0.01, 4.5) && !isOutside(half, 8 + half.radius - 0.01, 4.5));
  at(90 + 90 * 30 + 1, "over");
  platform.advance(9_000);
  const over = model.zone(platform.now());
  assert.ok(Math.abs(over.radius - half.radius) < 0.01, "time stands still with the match");
  assert.equal(zoneAt(ROYALE, 999).radius, 0.5);
  assert.equal(zoneAt(ROYALE, 12).waitsS, 18);
});

test("the dead and the watching send nothing", async () => {
  const { controls, snapshot, sent } = await stay();
  snapshot(1, "fighting", [[4, 0.5, 0.5, 20, 1]]);
  controls.arm("shoot");
  controls.act({ x: 0, y: 0 }, "shoot");
  controls.stop();
  snapshot(2, "fighting", []);
  controls.act({ x: 0, y: 0 }, "move");
  assert.equal(controls.armed, null);
  assert.deepEqual(sent(), []);
});

test("who waits is told whether bots come, and in a private room is asked", async () => {
  const { model, say, match, snapshot } = await stay();
  match(1);
  snapshot(1, "waiting");
  const told = () => [waitingText(model).replace(/^.*\d\. ?/, ""), companyLabel(model)];
  assert.deepEqual(told(), ["Bots join soon.", ""], "an older server does not say it");
  const bots = (fill_to, wanted) => say({ t: "bots", fill_to, wanted });
  bots(4, true);
  assert.deepEqual(told(), ["Bots join soon.", ""]);
  bots(0, false);
  assert.deepEqual(told(), ["", ""], "this server has none");
  model.welcome = { ...model.welcome, code: "K7Q2MX" };
  assert.deepEqual(told(), ["Invite them with the code or the link.", ""]);
  bots(4, false);
  assert.deepEqual(told(), ["Invite them with the code or the link.", "Play against bots meanwhile"]);
  bots(4, true);
  assert.deepEqual(told(), ["Bots join soon.", "Wait for people instead"]);
  snapshot(2, "countdown");
  assert.equal(companyLabel(model), "Wait for people instead");
  bots(4, false);
  assert.equal(companyLabel(model), "");
  snapshot(3, "fighting");
  assert.equal(companyLabel(model), "");
});

test("in the fog the eyes of another player are had until the next match", async () => {
  const { model, say, match, snapshot } = await stay();
  match(1);
  snapshot(1, "fighting");
  assert.equal(model.eyes, null);
  say({ t: "sight", of: 7 });
  assert.equal(model.eyes, 7);
  say({ t: "sight", of: null });
  assert.equal(model.eyes, "all");
  match(2);
  assert.equal(model.eyes, null);
});
