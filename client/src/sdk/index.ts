// What the SDK shows to the outside.

export { Bolide, type ClientOptions, type JoinOptions, type ModeInfo } from "./client.ts";
export { type Codec, codec, type CodecName } from "./codec.ts";
export type * from "./messages.ts";
export type { Platform, SocketLike } from "./platform.ts";
export { DecodeError } from "./read.ts";
export { JoinError, type Reconnect, Room } from "./room.ts";
export type { Drop, End } from "./session.ts";
export type { Listener, Unsubscribe } from "./signal.ts";
