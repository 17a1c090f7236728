// A participant that survives its connections: says hello, resumes its seat after a drop, waits
// between attempts, and gives up when coming back is pointless. It must not interpret the game.

import { afterUptime, type Backoff, FRESH, nextWait } from "./backoff.ts";
import { afterClose } from "./closecode.ts";
import type { Codec } from "./codec.ts";
import { Connection, DROPPED } from "./connection.ts";
import type { ClientMessage, Hello, ServerError, ServerMessage, Welcome } from "./messages.ts";
import type { Platform } from "./platform.ts";

export interface Drop {
  readonly code: number;
  /** The protocol's error code, if there was one. */
  readonly error: string | null;
  /** For people. */
  readonly message: string;
  /** To the same seat; otherwise it is lost, and the next one is new. */
  readonly resumes: boolean;
  /** When the next attempt starts. */
  readonly retryInMs: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface End {
  /** The close code, or `null` when an error message ended it. */
  readonly code: number | null;
  /** The protocol's error code, if there was one. */
  readonly error: string | null;
  /** For people. */
  readonly message: string;
  /** A new copy of the page may help. */
  readonly reload: boolean;
}

export interface SessionEvents {
  /** `resumed`: the same seat as before. */
  welcome(welcome: Welcome, resumed: boolean): void;
  message(message: ServerMessage): void;
  drop(drop: Drop): void;
  /** Last, exactly once. */
  end(end: End): void;
}

export interface SessionOptions {
  readonly url: string;
  readonly codec: Codec;
  readonly hello: Omit<Hello, "t" | "resume">;
  /** The token of a seat to take again. */
  readonly resume: string | null;
  /** True if the first connection is tried again like any other, for as long as the seat may be
   * there. */
  readonly persists: boolean;
  readonly platform: Platform;
}

/** As WebSocket has it: this side goes elsewhere. */
const AWAY = 1001;
/** The server has this long to answer a new connection with a welcome. */
const WELCOME_TIMEOUT_MS = 10_000;
/** The server speaks twice a second; after this much silence the network is dead, whatever the
 * socket believes. */
const SILENCE_MS = 15_000;
/** The same for a connection that there is a reason to doubt. */
const QUIET_MS = 2_000;

export class Session {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  #connection: Connection | null = null;
  #hello: SessionOptions["hello"];
  #resume: string | null;
  #everJoined = false;
  #joinedAt: number | null = null;
  /** When the connection began, or last said something. */
  #heardAtMs = 0;
  #backoff: Backoff = FRESH;
  #lastError: ServerError | null = null;
  /** The reason for which the last connection that was welcomed went. */
  #lostFor: string | null = null;
  #ended = false;
  #cancelWatch: () => void = () => {};
  #cancelRetry: () => void = () => {};

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#hello = options.hello;
    this.#resume = options.resume;
    this.#events = events;
    this.#connect();
  }

  /** True if a message sent now has a chance to arrive. */
  get joined(): boolean {
    return this.#joinedAt !== null;
  }

  /** Sends if joined; otherwise the message is lost, because an intent is worthless later. */
  send(message: ClientMessage): boolean {
    if (this.#connection === null || !this.joined) return false;
    this.#connection.send(message);
    return true;
  }

  /** Does not wait for the next attempt, nor for a connection that says nothing: for whoever has
   * reason to believe that the network, or the page, is back. */
  retryNow(): void {
    const { platform } = this.#options;
    if (this.#connection !== null) {
      if (platform.now() - this.#heardAtMs < QUIET_MS) {
        // A clock that slept has not counted the silence.
        if (this.joined) this.#watch(QUIET_MS);
        return;
      }
      if (!this.#persists) return;
      this.#connection.abandon();
    }
    if (this.#ended) return;
    this.#cancelRetry();
    this.#connect();
  }

  /** Gives the seat back. */
  leave(): void {
    this.send({ t: "leave" });
    this.#finish({ code: 1000, error: null, message: "You left.", reload: false });
  }

  /** Ends the connection and gives nothing back: the server keeps the seat for a while, and the
   * token takes it again. */
  detach(): void {
    this.#finish({ code: AWAY, error: null, message: "You went away.", reload: false });
  }

  get #persists(): boolean {
    return this.#everJoined || this.#options.persists;
  }

  #connect(): void {
    const { url, codec, platform } = this.#options;
    this.#lastError = null;
    this.#heardAtMs = platform.now();
    const connection = new Connection(url, codec, platform, {
      open: () => this.#greet(),
      message: (message) => this.#receive(message),
      closed: (code, reason) => this.#closed(code, reason),
    });
    this.#connection = connection;
    this.#watch(WELCOME_TIMEOUT_MS);
  }

  #greet(): void {
    this.#connection?.send({ t: "hello", ...this.#hello, resume: this.#resume ?? undefined });
  }

  #watch(ms: number): void {
    this.#cancelWatch();
    this.#cancelWatch = this.#options.platform.after(ms, () => this.#connection?.abandon());
  }

  #receive(message: ServerMessage): void {
    this.#heardAtMs = this.#options.platform.now();
    if (message.t === "welcome") {
      this.#welcomed(message);
      return;
    }
    if (message.t === "error") {
      // Of those that come to a seat it alone ends the connection; another would explain an end it
      // has nothing to do with.
      if (!this.joined || message.code === "room_failed") this.#lastError = message;
      if (!this.joined) {
        this.#refused(message);
        return;
      }
    }
    if (this.joined) this.#watch(SILENCE_MS);
    // Here, at once: a page that is busy or asleep would make the round trip look longer than it
    // is.
    if (message.t === "ping") this.send({ t: "pong", nonce: message.nonce });
    else this.#events.message(message);
  }

  #welcomed(welcome: Welcome): void {
    const resumed = this.#resume !== null;
    this.#resume = welcome.resume;
    const { room, code } = welcome;
    // Whoever has lost the seat of such a room wants that room again, where the others are, and no
    // other.
    if (code !== null || this.#hello.create !== undefined) {
      const which = code === null ? { room } : { code };
      this.#hello = { ...this.#hello, room: undefined, code: undefined, create: undefined, ...which };
    }
    this.#everJoined = true;
    this.#lastError = null;
    this.#lostFor = null;
    this.#joinedAt = this.#options.platform.now();
    this.#watch(SILENCE_MS);
    this.#events.welcome(welcome, resumed);
  }

  /** An answer to hello that is not a welcome. */
  #refused(error: ServerError): void {
    // Whoever asked for a seat that is gone is told so; who had it here is given another.
    if (error.code === "bad_resume" && this.#resume !== null && this.#everJoined) {
      this.#resume = null;
      this.#greet();
      return;
    }
    // A full server closes with a code that says when to come back; the rest does not get better by
    // waiting.
    if (error.code === "server_full" && this.#persists) return;
    this.#finish({ code: null, error: error.code, message: error.message, reload: false });
  }

  #closed(code: number, reason: string): void {
    this.#connection = null;
    this.#cancelWatch();
    if (this.#ended) return;
    const { platform } = this.#options;
    const uptimeMs = this.#joinedAt === null ? 0 : platform.now() - this.#joinedAt;
    this.#joinedAt = null;
    const then = afterClose(code, reason, platform.chance());
    const unreachable = !this.#everJoined && code === DROPPED;
    // That nobody answers says less than why the connection went.
    const told = code === DROPPED ? (this.#lostFor ?? then.message) : then.message;
    const why = unreachable ? "The server cannot be reached." : told;
    this.#lostFor = why;
    // A seat that was asked for and is gone is no reason to ask for another.
    const lost = then.kind === "new_hello" && !this.#everJoined && this.#resume !== null;
    if (then.kind === "stay_away" || !this.#persists || lost) {
      this.#finish({
        code,
        error: this.#lastError?.code ?? (lost ? "bad_resume" : null),
        message: this.#lastError?.message ?? why,
        reload: then.kind === "stay_away" && then.reload,
      });
      return;
    }
    const failure = this.#lastError?.code === "room_failed" ? this.#lastError : null;
    if (then.kind === "new_hello") this.#resume = null;
    const { waitMs, next } = nextWait(afterUptime(this.#backoff, uptimeMs), platform.chance());
    this.#backoff = next;
    const retryInMs = Math.max(waitMs, then.leastWaitMs);
    this.#cancelRetry = platform.after(retryInMs, () => this.#connect());
    this.#events.drop({
      code,
      error: failure?.code ?? null,
      message: failure?.message ?? why,
      resumes: this.#resume !== null,
      retryInMs,
      attempt: next.attempt,
    });
  }

  #finish(end: End): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#joinedAt = null;
    this.#cancelRetry();
    this.#cancelWatch();
    this.#connection?.abandon();
    this.#events.end(end);
  }
}
