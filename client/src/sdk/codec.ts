// The two formats of a frame. It must not keep state: one frame in, one message out.

import { decodeServerMessage } from "./decode.ts";
import { toWire, type Wire } from "./grid.ts";
import type { ClientMessage, Intent, ServerMessage } from "./messages.ts";
import { pack } from "./pack.ts";
import { DecodeError } from "./read.ts";
import { unpack } from "./unpack.ts";

export type CodecName = Wire;

export interface Codec {
  readonly name: CodecName;
  /** The subprotocol that the WebSocket offers. */
  readonly subprotocol: string;
  encode(message: ClientMessage): string | Uint8Array;
  /** The message, or `null` when its kind is unknown. Throws [`DecodeError`] on anything else. */
  decode(data: unknown): ServerMessage | null;
}

export function codec(name: CodecName): Codec {
  return name === "json" ? jsonCodec : msgpackCodec;
}

const INTENTS: Readonly<Record<Intent, number>> = { stop: 0, move: 1, shoot: 2, blink: 3 };

const jsonCodec: Codec = {
  name: "json",
  subprotocol: "bolide.v1.json",
  encode: (message) => JSON.stringify(toPlain(message, "json")),
  decode(data) {
    if (typeof data !== "string") throw new DecodeError("a binary frame on the JSON subprotocol");
    return decodeServerMessage(
      parse(() => JSON.parse(data) as unknown),
      "json",
    );
  },
};

const msgpackCodec: Codec = {
  name: "msgpack",
  subprotocol: "bolide.v1.msgpack",
  encode: (message) => pack(toPlain(message, "msgpack")),
  decode(data) {
    if (!(data instanceof ArrayBuffer)) throw new DecodeError("a text frame on the MessagePack subprotocol");
    return decodeServerMessage(
      parse(() => unpack(data)),
      "msgpack",
    );
  },
};

/** Control messages are sent as they are, a hello with its fields in their order; an input is
 * positional, and a stop ends after its intent. Of a field that is `undefined` nothing is sent. */
function toPlain(message: ClientMessage, wire: Wire): unknown {
  if (message.t === "hello") {
    const { t, name, mode, room, code, create, resume, sync } = message;
    return { t, name, mode, room, code, create, resume, sync };
  }
  if (message.t !== "input") return message;
  const head = [1, message.seq, message.forTick, message.view, INTENTS[message.intent]];
  return message.intent === "stop" ? head : [...head, toWire(message.x, wire), toWire(message.y, wire)];
}

function parse(read: () => unknown): unknown {
  try {
    return read();
  } catch (cause) {
    throw new DecodeError(cause instanceof Error ? cause.message : "not readable");
  }
}
