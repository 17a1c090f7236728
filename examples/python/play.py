#!/usr/bin/env python3
"""Plays on a Bolide server: joins, walks towards the nearest enemy and shoots at it. See docs/protocol.md."""

import argparse, asyncio, json, sys
import msgpack, websockets

GRID = 32768  # in MessagePack a coordinate counts 1/32768 units; in JSON it is in units
STOP, MOVE, SHOOT, BLINK = range(4)


async def play(args: argparse.Namespace) -> int:
    packed = args.format == "msgpack"
    encode, decode = (msgpack.packb, msgpack.unpackb) if packed else (json.dumps, json.loads)
    to_units, from_units = (lambda c: c / GRID, lambda c: round(c * GRID)) if packed else (float, lambda c: round(c, 5))
    subprotocol = f"bolide.v1.{args.format}"
    async with websockets.connect(args.url, subprotocols=[subprotocol], proxy=None) as socket:
        await socket.send(encode({"t": "hello", "name": args.name, "mode": args.mode}))
        me, seq, snapshots, names, clock = None, 0, 0, {}, asyncio.get_running_loop().time
        until, act_at, phase_before = clock() + args.seconds, 0.0, None
        while (left := until - clock()) > 0:
            try:
                message = decode(await asyncio.wait_for(socket.recv(), left))
            except TimeoutError:
                break
            if isinstance(message, dict):  # a control message
                kind = message["t"]
                if kind == "error":
                    print(f"error {message['code']}: {message['message']}")
                    return 1
                elif kind == "welcome":
                    me, seq = message["seat"], message["seq"]
                    print(f"seat {me} in room {message['room']}, {message['mode']} at {message['tick_rate']} Hz")
                elif kind == "roster":
                    names = {player["id"]: player["name"] for player in message["players"]}
                    print("players:", ", ".join(names.values()))
                elif kind == "ping":
                    await socket.send(encode({"t": "pong", "nonce": message["nonce"]}))
                elif kind == "result":
                    print(f"winner: {names.get(message['winner'], 'nobody')}")
                    await socket.send(encode({"t": "rematch"}))
            elif message[0] == 3:  # events
                for event in message[2]:
                    if event[0] == 2:
                        print(f"{names.get(event[2])} hits {names.get(event[3])}, {event[6]} health left")
                    elif event[0] == 4:
                        print(f"{names.get(event[1])} dies")
            elif message[0] == 1:  # a snapshot
                _, tick, phase, _, players, *_ = message
                snapshots += 1
                if phase != phase_before:
                    print(f"tick {tick}: {('waiting', 'countdown', 'fighting', 'over')[phase]}")
                    phase_before = phase
                alive = {p[0]: (to_units(p[1]), to_units(p[2])) for p in players if p[4] == 0}
                enemies = [at for player, at in alive.items() if player != me]
                if phase == 2 and me in alive and enemies and clock() >= act_at:
                    act_at, (x, y) = clock() + 0.25, alive[me]
                    target = min(enemies, key=lambda at: (at[0] - x) ** 2 + (at[1] - y) ** 2)
                    for intent in (MOVE, SHOOT):
                        seq += 1
                        await socket.send(encode([1, seq, None, tick, intent, *map(from_units, target)]))
        await socket.send(encode({"t": "leave"}))
    print(f"{snapshots} snapshots")
    return 0 if snapshots else 1


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="ws://127.0.0.1:4000/play")
parser.add_argument("--format", choices=["json", "msgpack"], default="json")
parser.add_argument("--seconds", type=float, default=60)
parser.add_argument("--mode", default="brawl")
parser.add_argument("--name", default="Python")
sys.exit(asyncio.run(play(parser.parse_args())))
