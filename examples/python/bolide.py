"""Bolide's frames as dicts, and dicts as frames. See docs/protocol.md; net/tests/golden/frames.json has every message.

A text frame is JSON, a binary one MessagePack. Places are [x, y] in grid steps, whatever the format.
"""

import json
import msgpack

GRID = 32768  # grid steps in a unit
INTENTS = ("stop", "move", "shoot", "blink")


def decode(frame):
    """A server's message; None if it is of a kind that this module does not know."""
    in_units = isinstance(frame, str)
    message = json.loads(frame) if in_units else msgpack.unpackb(frame)
    if isinstance(message, dict):  # a control message, with its kind in "t"
        kind = message.pop("t")
        return {"kind": kind, **{name: message[name] for name in CONTROL[kind]}} if kind in CONTROL else None
    return HOT[message[0]](message, in_units) if message[0] in HOT else None


def encode(message, text=False):
    """The frame of a client's message, as JSON if `text`."""
    if message["kind"] == "input":
        at = message["at"] if message["intent"] != "stop" else []
        places = [round(c / GRID, 5) for c in at] if text else at
        plain = [1, message["seq"], message["for_tick"], message["view"], INTENTS.index(message["intent"]), *places]
    else:
        names = CLIENT[message["kind"]]
        plain = {"t": message["kind"], **{name: message[name] for name in names if name in message}}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if text else msgpack.packb(plain)


CLIENT = {
    "hello": ("name", "mode", "room", "code", "create", "resume", "sync"),
    "pong": ("nonce",),
    "chat": ("text",),
    "resync": (),
    "rematch": (),
    "lock": ("locked",),
    "bots": ("wanted",),
    "leave": (),
}

CONTROL = {
    "welcome": ("protocol", "schema", "server", "room", "code", "mode", "seat", "resume", "seq", "tick_rate", "grace_ticks", "rules"),
    "roster": ("players",),
    "match": ("id", "number", "seats"),
    "chat": ("from", "name", "text"),
    "ping": ("nonce",),
    "result": ("winner", "reason", "placements", "next_in_ticks"),
    "paused": ("missing", "ticks_left"),
    "lock": ("locked", "creator"),
    "bots": ("fill_to", "wanted"),
    "sight": ("of",),
    "notice": ("id", "level", "title", "text"),
    "error": ("code", "message"),
}


def place(x, y, in_units):
    return [round(x * GRID), round(y * GRID)] if in_units else [x, y]


def player(p, in_units):
    """The array's length says what is in it: health and life if it is 5, 8 or 9, a motion from 6 on."""
    at, whole = place(p[1], p[2], in_units), len(p) in (5, 8, 9)
    course = p[5 if whole else 3 :]
    if not course:
        motion = {"stand": at}
    else:
        name, end = ("push", "toward") if len(course) > 3 else ("walk", "to")
        motion = {name: {"from": at, end: place(course[0], course[1], in_units), "since": course[2]}}
    return {"id": p[0], "motion": motion, **({"health": p[3], "life": p[4]} if whole else {})}


def fireball(f, in_units):
    number, owner, x, y, toward_x, toward_y, since, *_ = f
    start, end = place(x, y, in_units), place(toward_x, toward_y, in_units)
    return {"id": number, "owner": owner, "from": start, "toward": end, "since": since}


def acks(pairs):
    return [{"player": player_id, "seq": seq} for player_id, seq, *_ in pairs]


def snapshot(m, in_units):
    _, tick, phase, phase_ends, players, fireballs, acknowledged, *_ = m
    return {
        "kind": "snapshot",
        "tick": tick,
        "phase": phase,
        "phase_ends": phase_ends,
        "players": [player(p, in_units) for p in players],
        "fireballs": [fireball(f, in_units) for f in fireballs],
        "acks": acks(acknowledged),
    }


def private(m, _in_units):
    _, tick, fireball_ready, blink_ready, refused, rewind_ticks_max, *_ = m
    return {
        "kind": "private",
        "tick": tick,
        "fireball_ready": fireball_ready,
        "blink_ready": blink_ready,
        "refused": [{"seq": seq, "why": why} for seq, why, *_ in refused],
        "rewind_ticks_max": rewind_ticks_max,
    }


def event(e, in_units):
    kind, *e = e
    if kind == 0:
        return {"kind": "shot", "player": e[0], "fireball": e[1]}
    if kind == 1:
        return {"kind": "fizzled", "fireball": e[0], "at": place(e[1], e[2], in_units)}
    if kind == 2:
        names = {"fireball": e[0], "by": e[1], "victim": e[2], "at": place(e[3], e[4], in_units)}
        return {"kind": "hit", **names, "health": e[5], "rewind_ticks": e[6]}
    if kind == 3:
        start, end = place(e[1], e[2], in_units), place(e[3], e[4], in_units)
        return {"kind": "blinked", "player": e[0], "from": start, "to": end}
    if kind == 4:
        return {"kind": "died", "player": e[0], "by": e[1]}
    if kind == 5:
        return {"kind": "left", "player": e[0]}
    return {"kind": "burned", "player": e[0], "health": e[1]} if kind == 6 else None


def events(m, in_units):
    told = (event(e, in_units) for e in m[2])
    return {"kind": "events", "tick": m[1], "events": [e for e in told if e]}


def delta(m, in_units):
    """What is empty at the end of a delta is left out."""
    m = m[:11] + [None] * (11 - len(m))
    return {
        "kind": "delta",
        "tick": m[1],
        "age": m[2],
        "players": [player(p, in_units) for p in m[3] or []],
        "acks": acks(m[4] or []),
        "born": [fireball(f, in_units) for f in m[5] or []],
        "ended": m[6] or [],
        "hash": m[7],
        "phase": m[8] and {"phase": m[8][0], "ends": m[8][1]},
        "gone": m[9] or [],
        "acks_gone": m[10] or [],
    }


HOT = {1: snapshot, 2: private, 3: events, 4: delta}
