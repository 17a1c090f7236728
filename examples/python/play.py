#!/usr/bin/env python3
"""Plays on a Bolide server: joins, walks towards the nearest enemy and shoots at it. See docs/protocol.md."""

import argparse, asyncio, sys
import websockets
from bolide import decode, encode


async def play(args: argparse.Namespace) -> int:
    text = args.format == "json"
    async with websockets.connect(args.url, subprotocols=[f"bolide.v1.{args.format}"], proxy=None) as socket:

        async def send(kind, **fields):
            await socket.send(encode({"kind": kind, **fields}, text))

        room = {which: getattr(args, which) for which in ("room", "code", "create") if getattr(args, which)}
        await send("hello", name=args.name, mode=args.mode, **room)
        me, seq, snapshots, names, clock = None, 0, 0, {}, asyncio.get_running_loop().time
        until, act_at, phase_before = clock() + args.seconds, 0.0, None
        while (left := until - clock()) > 0:
            try:
                message = decode(await asyncio.wait_for(socket.recv(), left))
            except TimeoutError:
                break
            kind = message["kind"] if message else "unknown"
            if kind == "error":
                print(f"error {message['code']}: {message['message']}")
                return 1
            elif kind == "welcome":
                me, seq = message["seat"], message["seq"]
                opens = f", which {message['code']} opens" if message["code"] else ""
                print(f"seat {me} in room {message['room']}{opens}, {message['mode']} at {message['tick_rate']} Hz")
            elif kind == "roster":
                names = {player["id"]: player["name"] for player in message["players"]}
                print("players:", ", ".join(names.values()))
            elif kind == "ping":
                await send("pong", nonce=message["nonce"])
            elif kind == "result":
                print(f"winner: {names.get(message['winner'], 'nobody')}")
                await send("rematch")
            elif kind == "paused":
                print("waiting for:", ", ".join(names.get(p, "somebody") for p in message["missing"]) or "nobody")
            elif kind == "events":
                for event in message["events"]:
                    if event["kind"] == "hit":
                        # Who threw it may be out of sight.
                        by, victim = names.get(event["by"], "somebody"), names.get(event["victim"])
                        print(f"{by} hits {victim}, {event['health']} health left")
                    elif event["kind"] == "died":
                        print(f"{names.get(event['player'])} dies")
            elif kind == "snapshot":
                tick, phase = message["tick"], message["phase"]
                snapshots += 1
                if phase != phase_before:
                    print(f"tick {tick}: {('waiting', 'countdown', 'fighting', 'over')[phase]}")
                    phase_before = phase
                # Everybody stands where they are: motions are for those who ask for them in their hello.
                alive = {p["id"]: p["motion"]["stand"] for p in message["players"] if p["life"] == 0}
                enemies = [at for player, at in alive.items() if player != me]
                if phase == 2 and me in alive and enemies and clock() >= act_at:
                    act_at, (x, y) = clock() + 0.25, alive[me]
                    target = min(enemies, key=lambda at: (at[0] - x) ** 2 + (at[1] - y) ** 2)
                    for intent in ("move", "shoot"):
                        seq += 1
                        await send("input", seq=seq, for_tick=None, view=tick, intent=intent, at=target)
        await send("leave")
    print(f"{snapshots} snapshots")
    return 0 if snapshots else 1


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="ws://127.0.0.1:4000/play")
parser.add_argument("--format", choices=["json", "msgpack"], default="json")
parser.add_argument("--seconds", type=float, default=60)
parser.add_argument("--mode", default="brawl")
parser.add_argument("--name", default="Python")
room = parser.add_mutually_exclusive_group()
room.add_argument("--room", help="the id of a room to join; any room of the mode if not given")
room.add_argument("--code", help="the code of a private room to join")
room.add_argument("--create", choices=["public", "private"], help="open a new room")
sys.exit(asyncio.run(play(parser.parse_args())))
