// A platform under the test's control: sockets that do what they are told, and a clock that only the test moves.

export class FakePlatform {
  sockets = [];
  #nowMs = 0;
  #timers = [];

  socket(url, subprotocol) {
    const socket = {
      url,
      subprotocol,
      sent: [],
      closedWith: null,
      send: (data) => socket.sent.push(JSON.parse(data)),
      close(code) {
        socket.closedWith = code;
      },
      open: () => socket.onopen(),
      say: (message) => socket.onmessage({ data: JSON.stringify(message) }),
      drop: (code) => socket.onclose({ code, reason: "" }),
    };
    this.sockets.push(socket);
    return socket;
  }

  get last() {
    return this.sockets.at(-1);
  }

  after(ms, call) {
    const timer = { atMs: this.#nowMs + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  now() {
    return this.#nowMs;
  }

  chance() {
    return 0.5;
  }

  advance(ms) {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.atMs;
      next.call();
    }
    this.#nowMs = untilMs;
  }
}

export const RULES = {
  capacity: 10,
  fight_at: 2,
  arena_width: 16 / 9,
  arena_height: 1,
  health: 50,
  hit_damage: 10,
  dead_at: 20,
  radius_per_health: 0.001,
  walk_speed: 0.3,
  fireball_radius: 0.01,
  fireball_speed: 0.9,
  fireball_range: 1.5,
  fireball_cooldown_s: 1,
  blink_range: 0.8,
  blink_cooldown_s: 3,
  knockback_speed: 1,
  knockback_kept: 0.9,
  knockback_ends_below: 0.1,
  walls: "solid",
  spawn: "spread",
  countdown_s: 3,
  time_limit_s: 180,
  lag_compensation: true,
  vision_radius: null,
  zone: null,
};

export const ROYALE = {
  ...RULES,
  arena_width: 16,
  arena_height: 9,
  vision_radius: 2.5,
  zone: { waits_s: 30, closes_s: 120, end_radius: 0.5, damage: 2 },
};

export function welcome(change = {}) {
  return {
    t: "welcome",
    protocol: 1,
    schema: "0000000000000000",
    server: "test",
    room: "r1",
    code: null,
    mode: "brawl",
    seat: 4,
    resume: "token-1",
    seq: 0,
    tick_rate: 30,
    rules: RULES,
    ...change,
  };
}
