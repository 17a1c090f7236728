// The page: start screen, then a stay in a room, then the start screen again.
//
// The address may carry `?codec=json`, `?sync=full|state` (`events` otherwise), `?mode=`, `?room=`,
// `?code=`, `?name=` and `?autoplay`.

import { Bolide, type End, JoinError, type Room, type SyncMode } from "../sdk/index.ts";
import { Lost } from "./hud/lost.ts";
import { play } from "./play.ts";
import { forgetSeat, keepSeat, type KeptSeat, keptMs, newestOf, seatOf, takeSeat, withoutConnection } from "./seat.ts";
import { type Choice, StartScreen } from "./start.ts";
import { Step } from "./step.ts";
import { type Asked, dropped, farewell, refusesName } from "./words.ts";

const SYNCS: readonly SyncMode[] = ["full", "state", "events"];

async function main(): Promise<never> {
  const params = new URLSearchParams(location.search);
  // Where the page is, there is the server, below a path too.
  const client = new Bolide(new URL(".", location.href).href, {
    codec: params.get("codec") === "json" ? "json" : "msgpack",
    sync: SYNCS.find((sync) => sync === params.get("sync")) ?? "events",
  });
  const start = new StartScreen(params);
  const step = new Step(() => start.takeBack());
  const taken = takeSeat();
  await start.loadModes(client);
  let named = params.get("room") || null;
  let autoplay = params.has("autoplay");
  let next: Choice | KeptSeat | null = await taken;
  let offered: KeptSeat | null = null;
  for (;;) {
    if (next === null) step.exit();
    const wish: Choice | KeptSeat = next ?? (await chosen(start, autoplay, offered));
    autoplay = false;
    const asked = askedBy(wish, named);
    const { end, seat, again } = await visit(client, start, step, wish, named);
    if (seat !== null && !mayBeKept(end)) forgetSeat();
    next = again === null ? null : { name: wish.name, mode: again, room: "any" };
    offered = mayBeTaken(end) ? seat : null;
    if (end.code === AWAY && seat !== null) start.fail(dropped({ ...end, resumes: true }, keptMs(seat)));
    else if (end.code !== LEFT) start.fail(farewell(end, asked));
    if (end.error === "unknown_mode") start.forgetMode();
    // Play once more means to play, there or elsewhere.
    if (again !== null || isRefused(end, asked)) named = null;
    if (isGone(end, asked)) forgetRoom();
  }
}

/** Of a room that the address names: that there is none, or no way in at the moment. */
const NOWHERE: readonly (string | null)[] = ["unknown_room", "out_of_range"];
const NO_WAY_IN: readonly (string | null)[] = ["room_full", "room_locked"];

function isGone(end: End, asked: Asked): boolean {
  return asked === "link" && NOWHERE.includes(end.error) && !refusesName(end);
}

function isRefused(end: End, asked: Asked): boolean {
  return isGone(end, asked) || (asked === "link" && NO_WAY_IN.includes(end.error));
}

/** `named`: the room that the address names. A seat may be of it. */
function askedBy(wish: Choice | KeptSeat, named: string | null): Asked {
  if ("room" in wish && typeof wish.room === "object") return "code";
  const isAny = !("room" in wish) || wish.room === "any";
  return isAny && named !== null ? "link" : "any";
}

/** `offered`: a seat that may be taken again. */
async function chosen(start: StartScreen, autoplay: boolean, offered: KeptSeat | null): Promise<Choice | KeptSeat> {
  const choosing = start.choose(offered !== null);
  if (autoplay) start.submit();
  const choice = await choosing;
  if (choice !== "take back") return choice;
  if (offered === null) throw new Error("no seat was offered");
  // Only a seat that another connection took has a newer token than this one.
  return offered.keptUntil === null ? newestOf(offered) : offered;
}

/** The outcome of a wish. */
interface Visit {
  readonly end: End;
  /** The seat that was held, or asked for. */
  readonly seat: KeptSeat | null;
  /** The mode, if the player left to play in another match of it. */
  readonly again: string | null;
}

/** From the hello to the end, be it of the join or of the stay. The seat is kept for a reload
 * meanwhile. */
async function visit(
  client: Bolide,
  start: StartScreen,
  step: Step,
  wish: Choice | KeptSeat,
  named: string | null,
): Promise<Visit> {
  const { name, mode } = wish;
  let seat = "resume" in wish ? wish : null;
  start.wait(seat === null ? "Joining…" : "Coming back…");
  let room: Room;
  try {
    room = await ("resume" in wish ? comeBack(client, wish) : joinAnew(client, wish, named));
  } catch (error) {
    if (!(error instanceof JoinError)) throw error;
    return { end: error.end, seat, again: null };
  }
  start.hide();
  const keep = (kept: KeptSeat) => {
    seat = kept;
    keepSeat(kept);
    return kept;
  };
  const welcomed = () => keep(seatOf(name, mode, room.welcome));
  welcomed();
  room.onReconnect(welcomed);
  step.enter(() => room.detach());
  const lose = () => keep(withoutConnection(seat ?? welcomed()));
  const { end, again } = await play(room, () => keptMs(lose()));
  if (mayBeKept(end)) lose();
  return { end, seat, again: again ? room.welcome.mode : null };
}

/** `named`: the room that the address names. */
function joinAnew(client: Bolide, { name, mode, room }: Choice, named: string | null): Promise<Room> {
  if (room === "private") return client.create({ name, mode }, "private");
  if (room !== "any") return client.joinByCode(room.code, { name });
  return named === null ? client.joinOrCreate({ name, mode }) : client.joinById(named, { name });
}

/** Takes the seat that was kept, however long the server is away, unless the player does not want
 * to wait. */
async function comeBack(client: Bolide, seat: KeptSeat): Promise<Room> {
  const { name, mode, resume } = seat;
  const waiting = new AbortController();
  let lost: Lost | null = null;
  try {
    return await client.joinOrCreate({
      name,
      mode,
      resume,
      onDrop(drop, comeback) {
        lost ??= new Lost(comeback, waiting.signal);
        lost.drop(drop, keptMs(seat));
      },
    });
  } finally {
    waiting.abort();
  }
}

/** Returns whether the seat may still be there: after a close that did not give it up. */
function mayBeTaken({ code, error, reload }: End): boolean {
  return code !== null && code !== LEFT && code !== IDLE && error !== "bad_resume" && !reload;
}

/** Returns whether a reload may take it: not after a connection elsewhere, which would lose it
 * again. */
function mayBeKept(end: End): boolean {
  return end.reload || (mayBeTaken(end) && end.code !== REPLACED);
}

const LEFT = 1000;
const AWAY = 1001;
const REPLACED = 4009;
const IDLE = 4012;

/** The address names a room that is gone: it would be asked for at each Play, and after each
 * reload. */
function forgetRoom(): void {
  const address = new URL(location.href);
  address.searchParams.delete("room");
  history.replaceState(history.state, "", address);
}

void main();
