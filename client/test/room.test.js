// A seat through drops, resumes, refusals and the end, on a clock of the test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRESH, nextWait } from "../src/sdk/backoff.ts";
import { Bolide } from "../src/sdk/index.ts";
import { FakePlatform, welcome } from "./platform.js";

async function joined() {
  const platform = new FakePlatform();
  const joining = new Bolide("http://host:1/", { codec: "json", platform }).joinOrCreate({
    name: "Ada",
    mode: "brawl",
  });
  platform.last.open();
  platform.last.say(welcome());
  const room = await joining;
  const news = [];
  room.onDrop((drop) => news.push(["drop", drop]));
  room.onReconnect(({ resumed }) => news.push(["reconnect", resumed]));
  room.onLeave((end) => news.push(["leave", end]));
  return { platform, room, news };
}

test("joining says hello on the right address and subprotocol", async () => {
  const { platform, room } = await joined();
  assert.equal(platform.last.url, "ws://host:1/play");
  assert.equal(platform.last.subprotocol, "bolide.v1.json");
  assert.deepEqual(platform.last.sent, [{ t: "hello", name: "Ada", sync: "state", mode: "brawl" }]);
  assert.equal(room.welcome.seat, 4);
});

test("each way into a room has its own words in the hello", async () => {
  const ways = [
    [(client, who) => client.joinOrCreate(who), {}],
    [(client, who) => client.create(who), { create: "public" }],
    [(client, who) => client.create(who, "private"), { create: "private" }],
    [(client, who) => client.joinById("r7", who), { room: "r7" }],
    [(client, who) => client.joinByCode("k7q2mx", who), { code: "k7q2mx" }],
  ];
  for (const [join, words] of ways) {
    const platform = new FakePlatform();
    // What else a caller's object carries is not sent: the server refuses fields it does not know.
    join(new Bolide("http://host:1", { codec: "json", platform }), { name: "Ada", mode: "duel", room: "no", more: 1 });
    platform.last.open();
    assert.deepEqual(platform.last.sent, [{ t: "hello", name: "Ada", mode: "duel", ...words, sync: "state" }]);
  }
});

test("whoever created a room and lost the seat asks for that room, never for a second one", async () => {
  for (const [create, code, words] of [
    ["private", "K7Q2MX", { code: "K7Q2MX" }],
    ["public", null, { room: "r1" }],
  ]) {
    const platform = new FakePlatform();
    const joining = new Bolide("http://host:1", { codec: "json", platform }).create({ name: "Ada" }, create);
    platform.last.open();
    platform.last.say(welcome({ code }));
    const room = await joining;
    const locks = [];
    room.onLock(({ locked, creator }) => locks.push([locked, creator]));
    platform.last.say({ t: "lock", locked: true, creator: 4 });
    assert.ok(room.lock(false));
    assert.deepEqual([locks, platform.last.sent.at(-1)], [[[true, 4]], { t: "lock", locked: false }]);
    platform.last.drop(1006);
    platform.advance(1000);
    platform.last.open();
    platform.last.say({ t: "error", code: "bad_resume", message: "too late" });
    assert.deepEqual(platform.last.sent.at(-1), { t: "hello", name: "Ada", sync: "state", ...words });
  }
});

test("inputs are numbered on from what the server has, across a reconnect", async () => {
  const { platform, room } = await joined();
  assert.deepEqual([room.move(0, 0), room.stop()], [1, 2]);
  platform.last.drop(1006);
  assert.equal(room.move(0, 0), null);
  platform.advance(1000);
  platform.last.open();
  assert.equal(platform.last.sent[0].resume, "token-1");
  platform.last.say(welcome({ resume: "token-2", seq: 1 }));
  assert.equal(room.shoot(1, 1), 2);
});

test("a lost token leads to a new hello on the same connection", async () => {
  const { platform, news } = await joined();
  platform.last.drop(1012);
  assert.equal(news[0][1].retryInMs, 1750);
  platform.advance(1750);
  platform.last.open();
  platform.last.say({ t: "error", code: "bad_resume", message: "too late" });
  assert.deepEqual(platform.last.sent.at(-1), { t: "hello", name: "Ada", sync: "state", mode: "brawl" });
  platform.last.say(welcome({ seat: 5, resume: "token-3" }));
  assert.deepEqual(news.at(-1), ["reconnect", false]);
});

test("a room that failed is left for another one after a second", async () => {
  const { platform, news } = await joined();
  platform.last.drop(1011);
  assert.deepEqual([news[0][0], news[0][1].retryInMs], ["drop", 1000]);
  platform.advance(1000);
  platform.last.open();
  assert.deepEqual(platform.last.sent, [{ t: "hello", name: "Ada", sync: "state", mode: "brawl" }], "without the token");
});

test("the reason of a close tells why to try later", async () => {
  for (const [reason, expected] of [
    ["", "The server is full."],
    ["the server is full", "The server is full."],
    ["your address holds too many seats", "Too many players come from your network."],
    ["this part of the server failed", "The server cannot go on here at the moment."],
  ]) {
    const { platform, news } = await joined();
    platform.last.drop(1013, reason);
    assert.deepEqual([news[0][1].message, news[0][1].retryInMs], [expected, 5000]);
  }
});

test("a server that restarts says when to come back", async () => {
  const { platform, news } = await joined();
  platform.last.drop(1012, "the server is stopping; back in 2340 ms");
  assert.equal(news[0][1].retryInMs, 2340);
});

test("while nobody answers a player is told why the connection went, not that it did", async () => {
  const { platform, news } = await joined();
  const told = () => news.at(-1)[1].message;
  platform.last.drop(1012, "the server is stopping");
  platform.advance(10_000);
  platform.last.drop(1006);
  assert.equal(told(), "The server is restarting.");
  platform.advance(10_000);
  platform.last.drop(1013, "the server is full");
  assert.equal(told(), "The server is full.");
  platform.advance(10_000);
  platform.last.open();
  platform.last.say(welcome());
  platform.last.drop(1006);
  assert.equal(told(), "The connection was lost.");
});

test("waits grow while connections do not last, and start again after one that did", async () => {
  const { platform, news } = await joined();
  const waits = () => news.filter(([kind]) => kind === "drop").map(([, drop]) => drop.retryInMs);
  for (let i = 0; i < 7; i += 1) {
    platform.last.drop(1006);
    platform.advance(10_000);
  }
  assert.deepEqual(waits(), [375, 750, 1500, 3000, 6000, 6000, 6000]);
  platform.last.open();
  platform.last.say(welcome());
  platform.advance(5_000);
  platform.last.drop(1006);
  assert.equal(waits().at(-1), 375);
});

test("a server that is down is asked for as long as it takes, and never by all at once", async () => {
  const { platform, news } = await joined();
  platform.last.drop(1006);
  for (let asked = 2; platform.now() < 600_000; asked += 1) {
    platform.advance(news.at(-1)[1].retryInMs);
    assert.equal(platform.sockets.length, asked);
    platform.last.drop(1006);
    assert.equal(news.at(-1)[0], "drop");
  }
  const bounds = [0, 1].map((chance) => {
    let backoff = FRESH;
    return Array.from({ length: 8 }, () => {
      const { waitMs, next } = nextWait(backoff, chance);
      backoff = next;
      return waitMs;
    });
  });
  assert.deepEqual(bounds[0], [250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
  assert.deepEqual(bounds[1], [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]);
});

test("a token that was kept takes its seat again, or says that it is gone", async () => {
  for (const gone of [false, true]) {
    const platform = new FakePlatform();
    const client = new Bolide("http://host:1", { codec: "json", platform });
    const joining = client.joinOrCreate({ name: "Ada", mode: "brawl", resume: "kept" });
    platform.last.open();
    assert.deepEqual(platform.last.sent, [{ t: "hello", name: "Ada", sync: "state", mode: "brawl", resume: "kept" }]);
    platform.last.say(gone ? { t: "error", code: "bad_resume", message: "too late" } : welcome());
    if (gone) await assert.rejects(joining, (error) => error.end.error === "bad_resume");
    else assert.equal((await joining).welcome.resume, "token-1");
    assert.equal(platform.last.sent.length, 1, "no other seat is asked for");
  }
});

/** A client that comes back with a token that was kept, and what it was told. */
function comingBack() {
  const platform = new FakePlatform();
  const told = [];
  const joining = new Bolide("http://host:1", { codec: "json", platform }).joinOrCreate({
    name: "Ada",
    resume: "kept",
    onDrop: (drop, comeback) => told.push({ ...drop, comeback }),
  });
  const refuse = (error, code) => {
    platform.last.open();
    platform.last.say({ t: "error", code: error, message: "not now" });
    if (code !== undefined) platform.last.drop(code);
  };
  return { platform, told, joining, refuse };
}

test("a token that was kept is tried for as long as a lost connection's, by the same waits", async () => {
  const { platform, told, joining, refuse } = comingBack();
  for (const waitMs of [375, 750, 1500, 3000, 6000, 6000]) {
    platform.last.drop(1006);
    assert.equal(told.at(-1).retryInMs, waitMs);
    platform.advance(waitMs);
  }
  refuse("server_full", 1013);
  assert.deepEqual([told.length, told.at(-1).retryInMs], [7, 6000]);
  told.at(-1).comeback.retryNow();
  assert.equal(platform.sockets.length, 8);
  platform.last.open();
  assert.equal(platform.last.sent[0].resume, "kept");
  platform.last.say(welcome({ resume: "token-2" }));
  const room = await joining;
  const drops = [];
  room.onDrop((drop) => drops.push(drop.attempt));
  platform.last.drop(1006);
  assert.deepEqual([drops, told.length], [[8], 7], "from now on the room tells");
});

test("a token that was kept is given up for what no wait mends, and when its holder says so", async () => {
  for (const [end, expected] of [
    [({ refuse }) => refuse("bad_resume"), { code: null, error: "bad_resume" }],
    [({ refuse }) => refuse("room_failed"), { code: null, error: "room_failed" }],
    [({ platform }) => platform.last.drop(4001), { code: 4001, error: "bad_resume" }],
    [({ platform }) => platform.last.drop(4009), { code: 4009, error: null }],
    [({ told }) => told[0].comeback.leave(), { code: 1000, error: null }],
  ]) {
    const back = comingBack();
    back.platform.last.drop(1006);
    if (expected.code !== 1000) back.platform.advance(375);
    end(back);
    await assert.rejects(back.joining, ({ end: { code, error } }) => {
      assert.deepEqual({ code, error }, expected);
      return true;
    });
    const { length } = back.platform.sockets;
    back.platform.advance(60_000);
    assert.equal(back.platform.sockets.length, length, "and nothing is tried any more");
  }
});

test("a connection that says nothing any more is given up, but the seat is not", async () => {
  const { platform, news } = await joined();
  platform.advance(14_000);
  platform.last.say({ t: "roster", players: [] });
  platform.advance(14_000);
  assert.deepEqual(news, []);
  platform.advance(1_000);
  assert.equal(news[0][0], "drop");
  assert.equal(platform.last.closedWith, 4000);
});

test("a page that is back gives up a silent connection at once, and skips a wait", async () => {
  const { platform, room, news } = await joined();
  platform.advance(1_000);
  platform.last.say({ t: "roster", players: [] });
  platform.advance(1_900);
  room.retryNow();
  assert.deepEqual([platform.sockets.length, news], [1, []], "it was heard just now");
  platform.advance(100);
  room.retryNow();
  assert.deepEqual([platform.sockets.length, platform.sockets[0].closedWith, news.length], [2, 4000, 1]);
  // And again while that one reaches nobody, and while it waits.
  room.retryNow();
  assert.equal(platform.sockets.length, 2);
  platform.advance(2_000);
  room.retryNow();
  assert.equal(platform.sockets.length, 3);
  platform.last.drop(1006);
  room.retryNow();
  assert.equal(platform.sockets.length, 4);
  platform.advance(1_000);
  assert.equal(platform.sockets.length, 4, "and no wait goes on beside it");
  platform.last.open();
  platform.last.say(welcome({ resume: "token-2" }));
  assert.deepEqual(news.at(-1), ["reconnect", true]);
  room.leave();
  room.retryNow();
  assert.equal(platform.sockets.length, 4);
});

test("after a sleep that no clock has counted two seconds of silence are enough", async () => {
  const { platform, room, news } = await joined();
  room.retryNow();
  platform.advance(2_000);
  assert.equal(news[0][0], "drop");
  const heard = await joined();
  heard.room.retryNow();
  heard.platform.advance(1_000);
  heard.platform.last.say({ t: "roster", players: [] });
  heard.platform.advance(10_000);
  assert.deepEqual(heard.news, []);
});

test("a server that does not answer a new connection is asked again", async () => {
  const { platform, news } = await joined();
  platform.last.drop(1006);
  platform.advance(375);
  assert.equal(platform.sockets.length, 2);
  platform.advance(10_000 + 750);
  assert.equal(platform.sockets.length, 3);
  assert.deepEqual(
    news.map(([kind]) => kind),
    ["drop", "drop"],
  );
});

test("close codes that mean stay away end it", async () => {
  for (const code of [1002, 1003, 1007, 1008, 1009, 4004, 4009, 4011, 4012]) {
    const { platform, news } = await joined();
    platform.last.drop(code);
    platform.advance(60_000);
    assert.equal(platform.sockets.length, 1, String(code));
    assert.equal(news.at(-1)[0], "leave", String(code));
  }
});

test("an end is not explained with an error that came before and has nothing to do with it", async () => {
  const { platform, news } = await joined();
  platform.last.say({ t: "error", code: "chat_rate", message: "at most 5 lines in 5 s; this line was not sent" });
  platform.last.drop(4009);
  const [kind, { error, message }] = news.at(-1);
  assert.deepEqual([kind, error, message], ["leave", null, "This seat is now played from another connection."]);
  const replaced = await joined();
  replaced.platform.last.drop(1006);
  replaced.platform.advance(375);
  replaced.platform.last.open();
  replaced.platform.last.say({ t: "error", code: "bad_resume", message: "too late" });
  replaced.platform.last.say(welcome({ seat: 5 }));
  replaced.platform.last.drop(4009);
  assert.equal(replaced.news.at(-1)[1].error, null, "a new seat is not ended by the old one's token");
  const failing = await joined();
  failing.platform.last.say({ t: "error", code: "room_failed", message: "its match is lost" });
  failing.platform.last.drop(1011);
  assert.deepEqual([failing.news.at(-1)[0], failing.news.at(-1)[1].message], ["drop", "its match is lost"]);
});

test("a frame against the protocol ends it with the advice to reload", async () => {
  const { platform, news } = await joined();
  platform.last.say([1, "not a tick"]);
  assert.equal(news[0][0], "leave");
  assert.equal(news[0][1].reload, true);
});

test("a ping is answered at once, and no listener has to", async () => {
  const { platform } = await joined();
  platform.last.say({ t: "ping", nonce: 4_000_000_001 });
  assert.deepEqual(platform.last.sent.slice(1), [{ t: "pong", nonce: 4_000_000_001 }]);
});

test("leaving says so, once, and nothing comes after", async () => {
  const { platform, room, news } = await joined();
  room.leave();
  platform.last.drop(1000);
  room.leave();
  platform.advance(60_000);
  assert.deepEqual(platform.last.sent.slice(1), [{ t: "leave" }]);
  assert.deepEqual(
    news.map(([kind]) => kind),
    ["leave"],
  );
  assert.equal(platform.sockets.length, 1);
});

test("who goes away gives nothing back and is not called back", async () => {
  const { platform, room, news } = await joined();
  room.detach();
  platform.advance(60_000);
  assert.deepEqual([platform.sockets.length, platform.last.sent.length, platform.last.closedWith], [1, 1, 4000]);
  assert.deepEqual([news.length, news[0][0], news[0][1].code], [1, "leave", 1001]);
});

test("a hello that is refused is an error with the server's words", async () => {
  const cases = [
    [(socket) => socket.say({ t: "error", code: "room_full", message: "no seat free" }), /no seat free/],
    [
      (socket) => {
        socket.say({ t: "error", code: "server_full", message: "no seat free on this server" });
        socket.drop(1013);
      },
      /no seat free on this server/,
    ],
    [(socket) => socket.drop(1006), /cannot be reached/],
  ];
  for (const [answer, expected] of cases) {
    const platform = new FakePlatform();
    const joining = new Bolide("http://host:1", { codec: "json", platform }).joinOrCreate({ name: "Ada" });
    platform.last.open();
    answer(platform.last);
    await assert.rejects(joining, expected);
  }
});

test("a socket that cannot even be made ends a join, and lets a room try again", async () => {
  const refuse = () => {
    throw new Error("an insecure connection from a secure page");
  };
  const platform = new FakePlatform();
  const { socket } = platform;
  platform.socket = refuse;
  const joining = new Bolide("http://host:1", { codec: "json", platform }).joinOrCreate({ name: "Ada" });
  platform.advance(0);
  await assert.rejects(joining, ({ name, end }) => name === "JoinError" && end.message === "The server cannot be reached.");
  const stay = await joined();
  stay.platform.socket = refuse;
  stay.platform.last.drop(1006);
  stay.platform.advance(375);
  assert.deepEqual(stay.news.map(([kind, { attempt }]) => [kind, attempt]), [["drop", 1], ["drop", 2]]);
  stay.platform.socket = socket;
  stay.platform.advance(750);
  stay.platform.last.open();
  assert.equal(stay.platform.last.sent[0].resume, "token-1");
});

test("a full server is tried again by those who had a seat", async () => {
  const { platform, news } = await joined();
  platform.last.drop(1006);
  platform.advance(375);
  platform.last.open();
  platform.last.say({ t: "error", code: "server_full", message: "full" });
  platform.last.drop(1013);
  assert.equal(news.at(-1)[0], "drop");
  assert.equal(news.at(-1)[1].retryInMs, 5000);
});

test("every listener hears until it unsubscribes", async () => {
  const { platform, room } = await joined();
  const heard = [];
  const off = room.onChat(({ text }) => heard.push(text));
  platform.last.say({ t: "chat", from: 1, name: "B", text: "one" });
  off();
  platform.last.say({ t: "chat", from: 1, name: "B", text: "two" });
  assert.deepEqual(heard, ["one"]);
});
