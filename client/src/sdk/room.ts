// A seat in a room, as a game uses it: listen with `on…`, act with verbs. Every `on…` returns its
// unsubscribe. It must not keep game state; that is the listener's.

import type {
  Bots,
  Chat,
  Delta,
  Events,
  Intent,
  Lock,
  Match,
  Notice,
  Paused,
  Private,
  Result,
  Roster,
  ServerError,
  ServerMessage,
  Sight,
  Snapshot,
  Tick,
  Welcome,
} from "./messages.ts";
import { Motions } from "./motion.ts";
import { type Drop, type End, Session, type SessionOptions } from "./session.ts";
import { type Listener, Signal, type Unsubscribe } from "./signal.ts";
import { View } from "./view.ts";

export interface Reconnect {
  readonly welcome: Welcome;
  /** The same seat as before; otherwise the seat was lost and this is a new one. */
  readonly resumed: boolean;
}

/** Counts of what came and what did not fit, since the room was joined. */
export interface RoomStats {
  /** Whole ones. */
  readonly snapshots: number;
  readonly deltas: number;
  /** Deltas that did not fit, so that a whole snapshot was asked for. */
  readonly resyncs: number;
}

/** A hello that was answered with an error or a close. */
export class JoinError extends Error {
  override readonly name = "JoinError";
  readonly end: End;

  constructor(end: End) {
    super(end.message);
    this.end = end;
  }
}

export class Room {
  readonly #session: Session;
  readonly #signals = {
    snapshot: new Signal<Snapshot>(),
    private: new Signal<Private>(),
    events: new Signal<Events>(),
    roster: new Signal<Roster>(),
    match: new Signal<Match>(),
    chat: new Signal<Chat>(),
    result: new Signal<Result>(),
    paused: new Signal<Paused>(),
    lock: new Signal<Lock>(),
    bots: new Signal<Bots>(),
    sight: new Signal<Sight>(),
    notice: new Signal<Notice>(),
    error: new Signal<ServerError>(),
    drop: new Signal<Drop>(),
    reconnect: new Signal<Reconnect>(),
    leave: new Signal<End>(),
  };
  readonly #view = new View();
  #welcome: Welcome | null = null;
  #motions: Motions | null = null;
  #seq = 0;

  private constructor(
    options: SessionOptions,
    joined: () => void,
    failed: (error: JoinError) => void,
    dropped: (drop: Drop) => void,
  ) {
    this.#session = new Session(options, {
      welcome: (welcome, resumed) => {
        const first = this.#welcome === null;
        this.#welcome = welcome;
        this.#motions = new Motions(welcome.rules, welcome.tickRate);
        this.#seq = welcome.seq;
        this.#view.forget();
        if (first) joined();
        else this.#signals.reconnect.emit({ welcome, resumed });
      },
      message: (message) => this.#dispatch(message),
      drop: (drop) => {
        if (this.#welcome === null) dropped(drop);
        else this.#signals.drop.emit(drop);
      },
      end: (end) => {
        if (this.#welcome === null) failed(new JoinError(end));
        else this.#signals.leave.emit(end);
      },
    });
  }

  /** Connects and says hello. Throws [`JoinError`]. `onDrop`: for a session that persists, until it
   * has joined. */
  static join(options: SessionOptions, onDrop?: (drop: Drop, room: Room) => void): Promise<Room> {
    return new Promise((resolve, reject) => {
      const room: Room = new Room(
        options,
        () => resolve(room),
        reject,
        (drop) => onDrop?.(drop, room),
      );
    });
  }

  /** The latest welcome: seat, mode, rules, tick rate. */
  get welcome(): Welcome {
    if (this.#welcome === null) throw new Error("a room is handed out only after its welcome");
    return this.#welcome;
  }

  /** The places of players at a tick, under the latest welcome's rules. */
  get motions(): Motions {
    if (this.#motions === null) throw new Error("a room is handed out only after its welcome");
    return this.#motions;
  }

  /** The world at the end of a tick after the newest snapshot's, if nobody does anything new until
   * then: for whoever draws by a clock of their own. `null` before the first snapshot. */
  seenAt(tick: Tick): Snapshot | null {
    return this.#view.seenAt(tick, this.motions);
  }

  get stats(): RoomStats {
    return this.#view.stats;
  }

  /** All that this seat may see, at the snapshot's tick, each time something in it is new. */
  onSnapshot(listener: Listener<Snapshot>): Unsubscribe {
    return this.#signals.snapshot.subscribe(listener);
  }

  onPrivate(listener: Listener<Private>): Unsubscribe {
    return this.#signals.private.subscribe(listener);
  }

  onEvents(listener: Listener<Events>): Unsubscribe {
    return this.#signals.events.subscribe(listener);
  }

  onRoster(listener: Listener<Roster>): Unsubscribe {
    return this.#signals.roster.subscribe(listener);
  }

  onMatch(listener: Listener<Match>): Unsubscribe {
    return this.#signals.match.subscribe(listener);
  }

  onChat(listener: Listener<Chat>): Unsubscribe {
    return this.#signals.chat.subscribe(listener);
  }

  onResult(listener: Listener<Result>): Unsubscribe {
    return this.#signals.result.subscribe(listener);
  }

  /** The server came back from a failure: the match waits for its players. Told again whenever who
   * is missing changes; a newer tick says too that it goes on. */
  onPaused(listener: Listener<Paused>): Unsubscribe {
    return this.#signals.paused.subscribe(listener);
  }

  /** After each welcome, and whenever it changes; never in a room that nobody created. */
  onLock(listener: Listener<Lock>): Unsubscribe {
    return this.#signals.lock.subscribe(listener);
  }

  /** After each welcome, and whenever it changes. */
  onBots(listener: Listener<Bots>): Unsubscribe {
    return this.#signals.bots.subscribe(listener);
  }

  /** In the fog: this seat has other eyes from now on, in this match. */
  onSight(listener: Listener<Sight>): Unsubscribe {
    return this.#signals.sight.subscribe(listener);
  }

  /** A notice from who runs the server, or from the site that it belongs to. */
  onNotice(listener: Listener<Notice>): Unsubscribe {
    return this.#signals.notice.subscribe(listener);
  }

  /** The server refused one message; the connection stays. */
  onError(listener: Listener<ServerError>): Unsubscribe {
    return this.#signals.error.subscribe(listener);
  }

  /** The connection is gone and the room will come back by itself. */
  onDrop(listener: Listener<Drop>): Unsubscribe {
    return this.#signals.drop.subscribe(listener);
  }

  onReconnect(listener: Listener<Reconnect>): Unsubscribe {
    return this.#signals.reconnect.subscribe(listener);
  }

  /** The end: left, replaced, refused. The room will not come back. */
  onLeave(listener: Listener<End>): Unsubscribe {
    return this.#signals.leave.subscribe(listener);
  }

  /** Each returns the input's number, or `null` when there is no connection. `view`: the tick that
   * the player saw when deciding, which is older than the server's; a shot may hit what was
   * there. */
  move(x: number, y: number, view: Tick | null = null): number | null {
    return this.#input("move", x, y, view);
  }

  stop(view: Tick | null = null): number | null {
    return this.#input("stop", 0, 0, view);
  }

  shoot(x: number, y: number, view: Tick | null = null): number | null {
    return this.#input("shoot", x, y, view);
  }

  blink(x: number, y: number, view: Tick | null = null): number | null {
    return this.#input("blink", x, y, view);
  }

  chat(text: string): boolean {
    return this.#session.send({ t: "chat", text });
  }

  rematch(): boolean {
    return this.#session.send({ t: "rematch" });
  }

  /** Lets nobody new in, or lets them in again: for who created the room. Who has a seat can always
   * come back. */
  lock(locked: boolean): boolean {
    return this.#session.send({ t: "lock", locked });
  }

  /** Lets bots play meanwhile in a private room that waits for its people, or sends them away. */
  bots(wanted: boolean): boolean {
    return this.#session.send({ t: "bots", wanted });
  }

  /** Gives the seat back for good. */
  leave(): void {
    this.#session.leave();
  }

  /** Ends the connection and keeps the seat, for as long as the server does: the token of `welcome`
   * takes it again. */
  detach(): void {
    this.#session.detach();
  }

  /** After a drop: does not wait for the next attempt. A connection that has said nothing for two
   * seconds is given up for a new one. For a page that is looked at again, or whose network is
   * back. */
  retryNow(): void {
    this.#session.retryNow();
  }

  #input(intent: Intent, x: number, y: number, view: Tick | null): number | null {
    const seq = this.#seq + 1;
    if (!this.#session.send({ t: "input", seq, forTick: null, view, intent, x, y })) return null;
    this.#seq = seq;
    return seq;
  }

  #see(message: Snapshot | Delta): void {
    const seen = this.#view.take(message, this.motions);
    if (seen === "resync") this.#session.send({ t: "resync" });
    else if (seen !== "waiting") this.#signals.snapshot.emit(seen);
  }

  #dispatch(message: ServerMessage): void {
    switch (message.t) {
      case "snapshot":
      case "delta":
        return this.#see(message);
      case "private":
        return this.#signals.private.emit(message);
      case "events":
        return this.#signals.events.emit(message);
      case "roster":
        return this.#signals.roster.emit(message);
      case "match":
        return this.#signals.match.emit(message);
      case "chat":
        return this.#signals.chat.emit(message);
      case "result":
        return this.#signals.result.emit(message);
      case "paused":
        return this.#signals.paused.emit(message);
      case "lock":
        return this.#signals.lock.emit(message);
      case "bots":
        return this.#signals.bots.emit(message);
      case "sight":
        return this.#signals.sight.emit(message);
      case "notice":
        return this.#signals.notice.emit(message);
      case "error":
        return this.#signals.error.emit(message);
      case "welcome":
      case "ping":
        return;
    }
  }
}
