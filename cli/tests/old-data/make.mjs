// Plays matches with a build of the server and leaves its data folder as `kill -9` left it. See
// README.md. Usage: node make.mjs PROGRAM FOLDER; Node 20 needs --experimental-websocket.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, truncateSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const [program, folder] = process.argv.slice(2).map((path) => resolve(path));

const CONFIG = `\
listen = '127.0.0.1:0'
data_dir = 'data'
bots.fill_to = 4
bots.wait_s = 2

# Soon over.
[modes.quick]
base = 'duel'
tick_rate = 20
countdown_s = 0
fireball_cooldown_s = 0
hit_damage = 25

# Nobody wins these soon.
[modes.long]
base = 'duel'
countdown_s = 0
health = 1000
dead_at = 0

[modes.slow]
base = 'classic'
tick_rate = 20
capacity = 2
fight_at = 2
countdown_s = 0
health = 1000
dead_at = 0

# Fog, a zone, and bots among the people.
[modes.fog]
base = 'royale'
tick_rate = 60
capacity = 6
fight_at = 4
arena_width = 4
arena_height = 3
countdown_s = 1
health = 1000
dead_at = 0
zone = { waits_s = 2, closes_s = 20, end_radius = 0.5, damage = 1 }
`;

/** Starts the program; its address once it has told it. */
async function start() {
  const child = spawn(program, ["--config", "bolide.toml"], { cwd: folder, env: {}, stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = line.split("http://")[1];
    if (address !== undefined) {
      return { child, address };
    }
  }
  throw new Error("it did not say where it listens");
}

async function end({ child }, signal) {
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** A client that answers pings and shoots at the first other player that it sees; where it is to be
 * soon over, it stands still. */
class Player {
  waiting = [];
  tick = 0;
  seq = 0;
  acted = 0;

  constructor(address, hello) {
    this.socket = new WebSocket(`ws://${address}/play`);
    this.socket.onopen = () => this.say({ t: "hello", name: "Ada", ...hello });
    this.socket.onmessage = ({ data }) => this.on(JSON.parse(data));
  }

  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  on(message) {
    if (message.t === "ping") {
      this.say({ t: "pong", nonce: message.nonce });
    } else if (message.t === "welcome") {
      [this.seat, this.token, this.code, this.mode, this.seq] =
        [message.seat, message.resume, message.code, message.mode, message.seq];
    } else if (message.t === "match") {
      [this.match, this.tick, this.state] = [message.id, 0, "waiting"];
    } else if (message.t === "result") {
      this.state = "over";
    } else if (message[0] === 1) {
      this.look(message);
    }
    this.waiting = this.waiting.filter(({ wanted, found }) => !wanted(message) || found(message));
  }

  look([, tick, phase, , players]) {
    this.tick = tick;
    const other = players.find(([seat]) => seat !== this.seat);
    if (phase === 2 && other !== undefined && Math.abs(tick - this.acted) >= 10) {
      this.acted = tick;
      const intent = this.seq % 3 === 0 && this.mode !== "quick" ? 1 : 2;
      this.say([1, (this.seq += 1), null, tick, intent, other[1], other[2]]);
    }
  }

  until(wanted) {
    return new Promise((found) => this.waiting.push({ wanted, found: (message) => void found(message) }));
  }
}

const fights = (tick) => (message) => message[0] === 1 && message[2] === 2 && message[1] >= tick;
const welcomed = (message) => message.t === "welcome";
const ends = (message) => message.t === "result";

/** Two who play one mode, once they fight. */
async function pair({ address }, mode, create) {
  const one = new Player(address, create === undefined ? { mode } : { mode, create });
  await one.until(welcomed);
  const two = new Player(address, one.code ? { code: one.code } : { mode });
  await two.until(fights(1));
  return [one, two];
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "bolide.toml"), CONFIG);

// A match that is over and whose room is gone; and one that a stop interrupts.
const first = await start();
const gone = await pair(first, "quick");
await Promise.all(gone.map((player) => player.until(ends)));
const matches = [{ match: gone[0].match, mode: "quick", tick: gone[0].tick, seats: [], state: "over" }];
gone.forEach((player) => player.say({ t: "leave" }));
const stopped = await pair(first, "long");
await stopped[0].until(fights(100));
await end(first, "SIGTERM");

const second = await start();
const again = stopped.map(({ token }) => new Player(second.address, { resume: token }));
await Promise.all(again.map((player) => player.until(fights(150))));
const slow = await pair(second, "slow", "private");
const fog = await pair(second, "fog");
const brawl = new Player(second.address, { mode: "brawl" });
await Promise.all([slow[0].until(fights(420)), fog[0].until(fights(600)), brawl.until(fights(300))]);
const over = await pair(second, "quick");
await Promise.all(over.map((player) => player.until(ends)));
const alone = new Player(second.address, { mode: "classic" });
await alone.until((message) => message[0] === 1 && message[1] >= 20);
await end(second, "SIGKILL");

for (const players of [again, slow, fog, [brawl], over, [alone]]) {
  const [{ match, mode, tick, state }] = players;
  const seats = players.map(({ seat, token }) => ({ seat, token }));
  matches.push(players === slow ? { match, mode, tick: tick - 1, torn: true, seats, state } : { match, mode, tick, seats, state });
}
writeFileSync(join(folder, "matches.json"), `${JSON.stringify(matches, null, 2)}\n`);

// As a power cut leaves it: the last record is not whole.
const torn = join(folder, "data/journals", `${slow[0].match}.journal`);
truncateSync(torn, statSync(torn).size - 3);
for (const name of ["lock", "bolide.sqlite-shm"]) {
  rmSync(join(folder, "data", name), { force: true });
}
console.log(readdirSync(join(folder, "data/journals")));
process.exit(0);
