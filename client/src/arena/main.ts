// The page: start screen, then a stay in a room, then the start screen again.
//
// The address may carry `?codec=json`, `?sync=full|state|events`, `?mode=`, `?room=`, `?code=`, `?name=` and
// `?autoplay`.

import { Bolide, type End, JoinError, type Room, type SyncMode } from "../sdk/index.ts";
import { play } from "./play.ts";
import { forgetSeat, keepSeat, takeSeat } from "./seat.ts";
import { type Choice, StartScreen } from "./start.ts";

const SYNCS: readonly SyncMode[] = ["full", "state", "events"];

async function main(): Promise<never> {
  const params = new URLSearchParams(location.search);
  // Where the page is, there is the server, below a path too.
  const client = new Bolide(new URL(".", location.href).href, {
    codec: params.get("codec") === "json" ? "json" : "msgpack",
    sync: SYNCS.find((sync) => sync === params.get("sync")) ?? "state",
  });
  const start = new StartScreen(params);
  const taken = takeSeat();
  await start.loadModes(client);
  const named = params.get("room");
  let kept = await taken;
  let autoplay = params.has("autoplay");
  for (;;) {
    if (kept !== null) start.wait("Coming back…");
    const seat = kept;
    const choice = seat === null ? await chosen(start, autoplay) : { ...seat, room: "any" as const };
    if (seat === null) autoplay = false;
    kept = null;
    const { name, mode } = choice;
    const room = await seated(start, () => {
      if (seat !== null) return client.joinOrCreate({ name, mode, resume: seat.resume });
      if (choice.room === "private") return client.create({ name, mode }, "private");
      if (choice.room !== "any") return client.joinByCode(choice.room.code, { name });
      return named === null ? client.joinOrCreate({ name, mode }) : client.joinById(named, { name });
    });
    if (room === null) continue;
    start.hide();
    const end = await stay(room, name, mode);
    if (end.code !== 1000) start.fail(farewell(end));
  }
}

function chosen(start: StartScreen, autoplay: boolean): Promise<Choice> {
  const choosing = start.choose();
  if (autoplay) start.submit();
  return choosing;
}

/** The room, or none after having said why. */
async function seated(start: StartScreen, join: () => Promise<Room>): Promise<Room | null> {
  try {
    return await join();
  } catch (error) {
    if (!(error instanceof JoinError)) throw error;
    const gone = error.end.error === "bad_resume";
    if (gone) forgetSeat();
    start.fail(gone ? "Your seat was kept for a while, and is gone now." : farewell(error.end));
    return null;
  }
}

/** Keeps the seat for a reload, until it is given back or lost. */
async function stay(room: Room, name: string, mode: string): Promise<End> {
  const keep = () => {
    const { room: id, seat, resume } = room.welcome;
    keepSeat({ name, mode, id: `${id} ${seat}`, resume });
  };
  keep();
  room.onReconnect(keep);
  const end = await play(room);
  if (!end.reload) forgetSeat();
  return end;
}

function farewell(end: End): string {
  return end.reload ? `${end.message} Reload the page.` : end.message;
}

void main();
