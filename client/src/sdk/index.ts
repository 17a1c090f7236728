// The SDK's exports. It must show nothing that a game does not need.
//
//     const room = await new Bolide("https://host").joinOrCreate({ name: "Ada", mode: "brawl" });
//     const off = room.onSnapshot(({ tick, players }) => draw(tick, players));
//     room.move(0.5, 0.5);

export { Bolide, type ClientOptions, type Comeback, type JoinOptions, type ModeInfo } from "./client.ts";
export { type Codec, codec, type CodecName } from "./codec.ts";
export type * from "./messages.ts";
export { Motions, type Place } from "./motion.ts";
export type { Platform, SocketLike } from "./platform.ts";
export { DecodeError } from "./read.ts";
export { JoinError, type Reconnect, Room, type RoomStats } from "./room.ts";
export type { Drop, End } from "./session.ts";
export type { Listener, Unsubscribe } from "./signal.ts";
