// The page: start screen, then a stay in a room, then the start screen again.
//
// The address may carry `?codec=json`, `?sync=full|state` (`events` otherwise), `?mode=`, `?room=`, `?code=`, `?name=` and
// `?autoplay`.

import { Bolide, type End, JoinError, type Room, type SyncMode } from "../sdk/index.ts";
import { Lost } from "./hud/lost.ts";
import { play } from "./play.ts";
import { forgetSeat, keepSeat, type KeptSeat, takeSeat } from "./seat.ts";
import { type Choice, StartScreen } from "./start.ts";
import { type Asked, farewell } from "./words.ts";

const SYNCS: readonly SyncMode[] = ["full", "state", "events"];

async function main(): Promise<never> {
  const params = new URLSearchParams(location.search);
  // Where the page is, there is the server, below a path too.
  const client = new Bolide(new URL(".", location.href).href, {
    codec: params.get("codec") === "json" ? "json" : "msgpack",
    sync: SYNCS.find((sync) => sync === params.get("sync")) ?? "events",
  });
  const start = new StartScreen(params);
  const taken = takeSeat();
  await start.loadModes(client);
  let named = params.get("room") || null;
  let kept = await taken;
  let autoplay = params.has("autoplay");
  for (;;) {
    let end: End;
    let asked: Asked = named === null ? "any" : "link";
    if (kept !== null) {
      const seat = kept;
      kept = null;
      start.wait("Coming back…");
      end = await visit(start, seat, () => comeBack(client, seat));
      if (!mayBeKept(end)) forgetSeat();
    } else {
      const choice = await chosen(start, autoplay);
      autoplay = false;
      if (choice.room !== "any") asked = choice.room === "private" ? "any" : "code";
      end = await visit(start, choice, () => joinAnew(client, choice, named));
    }
    if (end.code !== LEFT) start.fail(farewell(end, asked));
    if (asked !== "link" || end.error === null) continue;
    // Whoever presses Play once more wants to play, there or elsewhere.
    if (NOWHERE.includes(end.error) || NO_WAY_IN.includes(end.error)) named = null;
    if (NOWHERE.includes(end.error)) forgetRoom();
  }
}

/** Of a room that the address names: that there is none, or no way in at the moment. */
const NOWHERE: readonly string[] = ["unknown_room", "out_of_range"];
const NO_WAY_IN: readonly string[] = ["room_full", "room_locked"];

function chosen(start: StartScreen, autoplay: boolean): Promise<Choice> {
  const choosing = start.choose();
  if (autoplay) start.submit();
  return choosing;
}

/** `named`: the room that the address names. */
function joinAnew(client: Bolide, { name, mode, room }: Choice, named: string | null): Promise<Room> {
  if (room === "private") return client.create({ name, mode }, "private");
  if (room !== "any") return client.joinByCode(room.code, { name });
  return named === null ? client.joinOrCreate({ name, mode }) : client.joinById(named, { name });
}

/** Takes the seat that was kept, however long the server is away, unless the player does not want to wait. */
async function comeBack(client: Bolide, { name, mode, resume }: KeptSeat): Promise<Room> {
  const waiting = new AbortController();
  let lost: Lost | null = null;
  try {
    return await client.joinOrCreate({
      name,
      mode,
      resume,
      onDrop(drop, comeback) {
        lost ??= new Lost(comeback, waiting.signal);
        lost.drop(drop);
      },
    });
  } finally {
    waiting.abort();
  }
}

/** From the hello to the end, be it of the join or of the stay. */
async function visit(start: StartScreen, who: Pick<Choice, "name" | "mode">, join: () => Promise<Room>): Promise<End> {
  let room: Room;
  try {
    room = await join();
  } catch (error) {
    if (!(error instanceof JoinError)) throw error;
    return error.end;
  }
  start.hide();
  return stay(room, who);
}

/** Keeps the seat for a reload, until it is given back or lost. */
async function stay(room: Room, { name, mode }: Pick<Choice, "name" | "mode">): Promise<End> {
  const keep = () => {
    const { room: id, seat, resume } = room.welcome;
    keepSeat({ name, mode, id: `${id} ${seat}`, resume });
  };
  keep();
  room.onReconnect(keep);
  const end = await play(room);
  if (!mayBeKept(end)) forgetSeat();
  return end;
}

/** Whether the seat may still be there for this tab: after a close that neither gave it back nor to another. */
function mayBeKept({ code, error }: End): boolean {
  return code !== null && code !== LEFT && code !== REPLACED && error !== "bad_resume";
}

const LEFT = 1000;
const REPLACED = 4009;

/** The address names a room that is gone: it would be asked for at each Play, and after each reload. */
function forgetRoom(): void {
  const address = new URL(location.href);
  address.searchParams.delete("room");
  history.replaceState(null, "", address);
}

void main();
