// Knowledge of this page about its room, from what the server said. It must not decide anything
// about the game, and must not touch the page.

import type {
  Bots,
  Chat,
  Events,
  Match,
  Paused,
  Phase,
  PlayerId,
  PlayerState,
  Private,
  Result,
  Room,
  RosterEntry,
  Snapshot,
  Unsubscribe,
  Welcome,
} from "../sdk/index.ts";
import { Motions } from "../sdk/index.ts";
import { TickClock } from "./clock.ts";
import { Mutes } from "./mutes.ts";
import { Timeline, type TimedEvent } from "./timeline.ts";
import { zoneAt, type ZoneNow } from "./zone.ts";

/** An event as it came, with the match it belongs to. */
export type LoggedEvent = TimedEvent & { readonly match: number };

/** Entries kept of the event log and of the chat. */
const LOG_MAX = 500;

export class Model {
  readonly timeline = new Timeline();
  readonly mutes = new Mutes();
  welcome: Welcome;
  motions: Motions;
  clock: TickClock;
  roster: readonly RosterEntry[] = [];
  match: Match | null = null;
  private: Private | null = null;
  result: Result | null = null;
  /** The server's last word about bots. */
  bots: Bots | null = null;
  /** The player whose eyes this seat has in the fog, if not its own. */
  eyes: PlayerId | "all" | null = null;
  /** The page's time at which the result came. */
  resultAtMs = 0;
  /** While the match waits for players who are not back after a failure of the server. */
  paused: Paused | null = null;
  /** The page's time at which that was told last. */
  pausedAtMs = 0;
  /** The page's time of the last word from the server. */
  heardAtMs: number;
  /** Every event as it came, newest last. */
  readonly log: LoggedEvent[] = [];
  readonly chats: Chat[] = [];
  readonly #names = new Map<number, string>();
  /** The tick at which this match's fight ends by time, once it is known. */
  #fightEnds: number | null = null;
  readonly #now: () => number;

  constructor(welcome: Welcome, now: () => number) {
    this.#now = now;
    this.welcome = welcome;
    this.motions = new Motions(welcome.rules, welcome.tickRate);
    this.clock = new TickClock(welcome.tickRate);
    this.heardAtMs = now();
  }

  /** Listens to a room; the answer stops it. */
  follow(room: Room): Unsubscribe {
    const off = [
      room.onSnapshot((snapshot) => this.#snapshot(snapshot)),
      room.onEvents((events) => this.#events(events)),
      room.onPrivate((news) => {
        this.private = news;
      }),
      room.onRoster((news) => this.#roster(news.players)),
      room.onMatch((news) => this.#match(news)),
      room.onChat((line) => {
        this.chats.push(line);
        if (this.chats.length > LOG_MAX) this.chats.shift();
      }),
      room.onResult((news) => {
        this.result = news;
        this.resultAtMs = this.#now();
      }),
      room.onPaused((news) => this.#paused(news)),
      room.onBots((news) => {
        this.bots = news;
      }),
      room.onSight(({ of }) => {
        this.eyes = of ?? "all";
      }),
      room.onReconnect(({ welcome, resumed }) => this.#reconnect(welcome, resumed)),
    ];
    return () => {
      for (const stop of off) stop();
    };
  }

  get seat(): number {
    return this.welcome.seat;
  }

  /** `null` until it is known: of a match that has just begun, or after the connection came
   * back. */
  get phase(): Phase | null {
    return this.timeline.newest?.phase ?? null;
  }

  /** True if this seat is told only of what it sees. */
  get foggy(): boolean {
    return this.welcome.rules.vision_radius !== null;
  }

  /** True if this seat takes part in the match. */
  get takesPart(): boolean {
    return this.match === null || this.match.seats.includes(this.seat);
  }

  /** True if this seat watches because it did nothing for a match. */
  get idle(): boolean {
    return this.roster.find((player) => player.id === this.seat)?.idle === true;
  }

  /** This seat's player in the newest snapshot. */
  get self(): PlayerState | null {
    return this.timeline.newest?.players.find((player) => player.id === this.seat) ?? null;
  }

  /** This seat's player in the snapshot on the canvas. */
  shownSelf(nowMs: number): PlayerState | undefined {
    return this.shown(nowMs)?.players.find((player) => player.id === this.seat);
  }

  /** The snapshot on the canvas. What the page says beside the arena must not run ahead of what is
   * seen in it. */
  shown(nowMs: number): Snapshot | null {
    const { newest } = this.timeline;
    const tick = this.clock.renderTick(nowMs);
    return tick === null ? newest : (this.timeline.around(tick).before ?? newest);
  }

  /** The tick whose world is drawn now, as the server wants to be told it: in a quiet fight it may
   * be past the newest snapshot, but never past the server's, nor before the first. `null` before
   * the first. */
  viewTick(nowMs: number): number | null {
    const { oldest } = this.timeline;
    const drawn = this.clock.renderTick(nowMs);
    const server = this.clock.serverTick(nowMs);
    if (oldest === null || drawn === null || server === null) return null;
    return Math.max(oldest.tick, Math.floor(Math.min(drawn, server)));
  }

  /** The newest input of this seat that had been taken at that tick. */
  takenAt(tick: number): number {
    const { before } = this.timeline.around(tick);
    return before?.acks.find((ack) => ack.player === this.seat)?.seq ?? 0;
  }

  /** The name, also of somebody who has left. */
  nameOf(id: number): string {
    return this.#names.get(id) ?? `Player ${id}`;
  }

  /** The zone at the moment on the canvas; `null` before the fight and in modes without one. */
  zone(nowMs: number): ZoneNow | null {
    const { newest } = this.timeline;
    const tick = this.clock.renderTick(nowMs);
    if (newest === null || tick === null || this.#fightEnds === null) return null;
    const { rules, tickRate } = this.welcome;
    // The match's time stands still when it is over; the clock does not.
    const shown = newest.phase === "fighting" ? tick : Math.min(tick, newest.tick);
    return zoneAt(rules, rules.time_limit_s - (this.#fightEnds - shown) / tickRate);
  }

  /** Seconds until the countdown or the fight ends, or `null`. */
  secondsLeft(nowMs: number): number | null {
    const ends = this.timeline.newest?.phaseEnds ?? null;
    const tick = this.clock.serverTick(nowMs);
    return ends === null || tick === null ? null : Math.max(0, (ends - tick) / this.welcome.tickRate);
  }

  /** Seconds until a pause ends, whoever is missing. */
  secondsOfPause(nowMs: number): number {
    if (this.paused === null) return 0;
    return Math.max(0, this.paused.ticksLeft / this.welcome.tickRate - (nowMs - this.pausedAtMs) / 1000);
  }

  /** Seconds until the next match begins after a result. */
  secondsToNext(nowMs: number): number {
    if (this.result === null) return 0;
    return Math.max(0, this.result.nextInTicks / this.welcome.tickRate - (nowMs - this.resultAtMs) / 1000);
  }

  #snapshot(snapshot: Snapshot): void {
    this.heardAtMs = this.#now();
    const newest = this.timeline.newest;
    // A tick that went back without a `match` before it can only be a new match, too.
    if (newest !== null && snapshot.tick < newest.tick) this.#startOver();
    // A step has been made. The first one known says nothing: it is where the match stands still.
    if (this.timeline.newest !== null && snapshot.tick > this.timeline.newest.tick) this.paused = null;
    // After the end, and while a match pauses, the same tick is sent again and again: that says
    // nothing about time.
    if (snapshot.tick > (this.timeline.newest?.tick ?? -1)) this.clock.observe(snapshot.tick, this.heardAtMs);
    if (this.paused !== null) this.clock.hold(snapshot.tick);
    this.timeline.pushSnapshot(snapshot);
    if (snapshot.phase === "fighting") this.#fightEnds = snapshot.phaseEnds;
    if (snapshot.phase === "waiting" || snapshot.phase === "countdown") this.result = null;
  }

  #events(batch: Events): void {
    this.timeline.pushEvents(batch);
    const match = this.match?.number ?? 0;
    for (const event of batch.events) this.log.push({ tick: batch.tick, match, event });
    if (this.log.length > LOG_MAX) this.log.splice(0, this.log.length - LOG_MAX);
  }

  #roster(players: readonly RosterEntry[]): void {
    this.roster = players;
    for (const { id, name } of players) this.#names.set(id, name);
    this.mutes.keepOnly(players);
  }

  #match(match: Match): void {
    if (match.number !== this.match?.number) this.#startOver();
    this.match = match;
  }

  #paused(news: Paused): void {
    this.paused = news.missing.length > 0 ? news : null;
    this.pausedAtMs = this.#now();
    if (this.paused === null) this.clock.goOn(this.pausedAtMs);
    else if (this.timeline.newest !== null) this.clock.hold(this.timeline.newest.tick);
  }

  #reconnect(welcome: Welcome, resumed: boolean): void {
    this.welcome = welcome;
    this.motions = new Motions(welcome.rules, welcome.tickRate);
    this.heardAtMs = this.#now();
    this.clock = new TickClock(welcome.tickRate);
    this.timeline.clear();
    this.private = null;
    this.paused = null;
    this.eyes = null;
    if (!resumed) this.match = null;
  }

  #startOver(): void {
    this.timeline.clear();
    this.clock.reset();
    this.private = null;
    this.result = null;
    this.eyes = null;
    this.#fightEnds = null;
  }
}
