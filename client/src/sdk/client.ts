// The door of the SDK: a server's address in, rooms out. It must hold no connection itself.

import { codec, type CodecName } from "./codec.ts";
import type { Hello, NewRoom, SyncMode } from "./messages.ts";
import { hostPlatform, type Platform } from "./platform.ts";
import { fields, list, number, text } from "./read.ts";
import { Room } from "./room.ts";
import type { Drop } from "./session.ts";

export interface ClientOptions {
  /** MessagePack if not given; JSON is for people who read the frames. */
  readonly codec?: CodecName;
  /** `state` if not given: a snapshot, then what changes. */
  readonly sync?: SyncMode;
  /** Another WebSocket, clock or chance, for tests. */
  readonly platform?: Platform;
}

export interface JoinOptions {
  /** 1 to 24 characters. */
  readonly name: string;
  /** A name from [`Bolide.modes`]; of a room that is there, it does not matter. */
  readonly mode?: string;
  /** The token of an earlier welcome: that seat or none. */
  readonly resume?: string;
  /** With `resume`: without a connection the join goes on trying, as a room does that has lost its
   * own, and tells of each wait. Otherwise it ends as any join does. */
  readonly onDrop?: (drop: Drop, comeback: Comeback) => void;
}

/** A join that waits for its next attempt. */
export type Comeback = Pick<Room, "retryNow" | "leave">;

export interface ModeInfo {
  readonly name: string;
  readonly capacity: number;
  readonly fightAt: number;
  readonly tickRate: number;
}

export class Bolide {
  readonly #base: string;
  readonly #codec: CodecName;
  readonly #sync: SyncMode;
  readonly #platform: Platform;

  /** `address`: `https://host` or `http://host:port`. */
  constructor(address: string, options: ClientOptions = {}) {
    this.#base = address.replace(/\/+$/, "");
    this.#codec = options.codec ?? "msgpack";
    this.#sync = options.sync ?? "state";
    this.#platform = options.platform ?? hostPlatform();
  }

  async modes(): Promise<ModeInfo[]> {
    const answer = fields(await this.#platform.getJson(`${this.#base}/api/v1/modes`), "modes");
    return list(answer["modes"], "modes").map((entry) => {
      const mode = fields(entry, "mode");
      return {
        name: text(mode["name"], "name"),
        capacity: number(mode["capacity"], "capacity"),
        fightAt: number(mode["fight_at"], "fight_at"),
        tickRate: number(mode["tick_rate"], "tick_rate"),
      };
    });
  }

  /** A seat in any room of the mode that is open to all, or in a new one. As all of these it throws
   * `JoinError`. */
  joinOrCreate(options: JoinOptions): Promise<Room> {
    return this.#join(options, {});
  }

  /** A seat in a new room, which its creator may lock. A private one is in no list, and opened by
   * `welcome.code` alone. */
  create(options: JoinOptions, create: NewRoom = "public"): Promise<Room> {
    return this.#join(options, { create });
  }

  joinById(room: string, options: JoinOptions): Promise<Room> {
    return this.#join(options, { room });
  }

  /** `code`: of a private room, in any case. */
  joinByCode(code: string, options: JoinOptions): Promise<Room> {
    return this.#join(options, { code });
  }

  #join({ name, mode, resume, onDrop }: JoinOptions, which: Pick<Hello, "room" | "code" | "create">): Promise<Room> {
    const options = {
      url: `${this.#base.replace(/^http/, "ws")}/play`,
      codec: codec(this.#codec),
      hello: { name, mode, ...which, sync: this.#sync },
      resume: resume ?? null,
      persists: resume !== undefined && onDrop !== undefined,
      platform: this.#platform,
    };
    return Room.join(options, onDrop);
  }
}
