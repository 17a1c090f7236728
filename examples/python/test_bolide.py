#!/usr/bin/env python3
"""Every golden frame in both formats: a server's means what it should, a client's is written byte for byte."""

import json, pathlib, struct
import bolide

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "net/tests/golden/frames.json"


def as_f32(value):
    """The numbers of a mode are 32-bit floats, which JSON writes shorter than they are."""
    if isinstance(value, dict):
        return {name: as_f32(inner) for name, inner in value.items()}
    return struct.unpack("f", struct.pack("f", value))[0] if isinstance(value, float) else value


def check(name, found, expected):
    if found != expected:
        raise SystemExit(f"{name}\n  is       {found}\n  and not  {expected}")


decoded = encoded = 0
for golden in json.loads(GOLDEN.read_text(encoding="utf-8")):
    name, meaning, packed = golden["name"], golden["meaning"], bytes.fromhex(golden["msgpack"])
    if golden["from"] == "server":
        for frame in (golden["json"], packed):
            check(name, as_f32(bolide.decode(frame)), as_f32(meaning))
            decoded += 1
    else:
        check(name, bolide.encode(meaning, text=True), golden["json"])
        check(name, bolide.encode(meaning), packed)
        encoded += 2
print(f"decoded {decoded} frames, encoded {encoded}")
