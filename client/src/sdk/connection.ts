// One WebSocket from its opening to its end, speaking messages instead of frames. It dies with the
// socket; coming back is the session's business.

import type { Codec } from "./codec.ts";
import type { ClientMessage, ServerMessage } from "./messages.ts";
import type { Platform, SocketLike } from "./platform.ts";
import { DecodeError } from "./read.ts";

export interface ConnectionEvents {
  open(): void;
  message(message: ServerMessage): void;
  /** Exactly once, whatever ended it. */
  closed(code: number, reason: string): void;
}

/** The code of a socket that ended without a close frame. */
export const DROPPED = 1006;
/** Ours, when a frame of the server does not follow the protocol: as if the server had said
 * "version". */
export const VERSION = 4004;
/** The close code that the server is told when this side gives a connection up. No code gives the
 * seat back; only `leave` does. */
const ABANDONED = 4000;

export class Connection {
  /** `null` where the surroundings forbid it. */
  readonly #socket: SocketLike | null;
  readonly #codec: Codec;
  readonly #events: ConnectionEvents;
  #ended = false;

  constructor(url: string, codec: Codec, platform: Platform, events: ConnectionEvents) {
    this.#codec = codec;
    this.#events = events;
    this.#socket = this.#opened(url, platform);
  }

  send(message: ClientMessage): void {
    if (!this.#ended) this.#socket?.send(this.#codec.encode(message));
  }

  /** Ends it now, without waiting for the other side: a dead network never answers a close. */
  abandon(code = DROPPED, reason = ""): void {
    this.#socket?.close(ABANDONED);
    this.#end(code, reason);
  }

  #opened(url: string, platform: Platform): SocketLike | null {
    try {
      const socket = platform.socket(url, this.#codec.subprotocol);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        if (!this.#ended) this.#events.open();
      };
      socket.onmessage = (event) => this.#receive(event.data);
      socket.onclose = (event) => this.#end(event.code, event.reason);
      return socket;
    } catch {
      // A page on https that asks for ws, a policy. Told as a socket that fails tells it: later.
      platform.after(0, () => this.#end(DROPPED, ""));
      return null;
    }
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    let message: ServerMessage | null;
    try {
      message = this.#codec.decode(data);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.abandon(VERSION, error.message);
      return;
    }
    if (message !== null) this.#events.message(message);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.closed(code, reason);
  }
}
