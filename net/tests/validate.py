"""Holds the JSON Schema of the messages against frames, with a validator that knows nothing of Bolide: every golden frame
fits the definition of its message and no other of its side, and of the frames below the right ones fit and none of the wrong. `cargo xtask test --only
describe` runs it."""

import json
import pathlib
import sys

from jsonschema import Draft7Validator

ROOT = pathlib.Path(__file__).parents[2]

WRONG_FROM_CLIENTS = """
    {}
    []
    null
    {"t":"hello"}
    {"t":"hello","name":""}
    {"t":"hello","name":"1234567890123456789012345"}
    {"t":"hello","name":7}
    {"t":"hello","name":"Ada","sync":"some"}
    {"t":"hello","name":"Ada","colour":"red"}
    {"t":"hello","name":"Ada","room":""}
    {"t":"hello","name":"Ada","code":"K7Q2M"}
    {"t":"hello","name":"Ada","create":"secret"}
    {"t":"lock"}
    {"t":"lock","locked":1}
    {"t":"bots"}
    {"t":"bots","wanted":"yes"}
    {"t":"bye"}
    {"t":"pong"}
    {"t":"pong","nonce":-1}
    {"t":"pong","nonce":1.5}
    {"t":"pong","nonce":4294967296}
    {"t":"pong","nonce":"7"}
    {"t":"chat","text":""}
    {"t":"resync","now":true}
    {"nonce":7}
    [1]
    [1,1,null,null]
    [1,1,null,null,4,0,0]
    [1,1,null,null,0,0.5,0.5]
    [1,1,null,null,1]
    [1,1,null,null,1,0.5]
    [1,1,null,null,1,0.5,0.5,0]
    [1,1,null,null,1,"0.5",0.5]
    [1,1,null,null,1,64.1,0.5]
    [1,-1,null,null,0]
    [1,4294967296,null,null,0]
    [1,null,null,null,0]
    [1,1,-5,null,0]
    [2,1,null,null,0]
"""

RIGHT_FROM_CLIENTS = """
    {"t":"hello","name":"Ada","mode":null,"room":null,"code":null,"create":null,"resume":null,"sync":null}
    {"t":"pong","nonce":7.0}
    [1.0,7.0,9.0,8.0,2.0,1.0,0.5]
"""

WRONG_FROM_SERVERS = """
    {}
    []
    {"t":"ping"}
    {"t":"lock","locked":true,"creator":"Ada"}
    {"t":"bots","fill_to":-1,"wanted":true}
    {"t":"sight","of":"Ada"}
    {"t":"notice","id":"n1","text":"x"}
    {"t":"notice","id":"n1","level":"fatal","text":"x"}
    {"t":"notice","id":1,"level":"info","text":"x"}
    {"t":"match","id":"x","number":1}
    {"t":"match","id":"x","number":1,"seats":[70000]}
    {"t":"result","winner":1,"reason":"boredom","placements":[],"next_in_ticks":0}
    {"t":"roster","players":[{"id":1,"name":"Ada","bot":false}]}
    [1,811,2,null,[],[]]
    [1,811,2,null,[[0,0.5]],[],[]]
    [1,811,2,null,[[0,0.5,0.5]],[],[]]
    [1,811,2,null,[[0,0.5,0.5,100,0,0.1]],[],[]]
    [1,811,2,null,[[0,0.5,0.5,100,0,0.1,0.1,7,2]],[],[]]
    [1,811,2,null,[[0,0.5,65,100,0]],[],[]]
    [1,811,2,null,[],[[4,0,0.5,0.5,0.5,0.5]],[]]
    [1,811,2,null,[],[],[[0]]]
    [1,"811",2,null,[],[],[]]
    [2,812,0,872,[]]
    [2,812,0,872,[[41]],6]
    [3,812]
    [3,812,[[2,12,1]]]
    [3,812,[["shot",1,2]]]
    [4,812]
    [4,812,1,[[3,9000]]]
    [4,812,1,[[3,0.1,0.1,80,0,0.1,0.1,8,1,1]]]
    [4,812,1,[],[],[],[],"hash"]
    [4,812,1,[],[],[],[],null,2]
    [5,812,1]
"""


def main() -> int:
    schema = json.loads((ROOT / "docs/protocol.schema.json").read_text())
    Draft7Validator.check_schema(schema)
    goldens = json.loads((ROOT / "net/tests/golden/frames.json").read_text())

    def fits(frame, name: str) -> bool:
        part = {"$ref": f"#/definitions/{name}", "definitions": schema["definitions"]}
        return Draft7Validator(part).is_valid(frame)

    problems = []
    checked = 0
    for golden in goldens:
        if golden["meaning"] is None:
            continue  # Of a newer server: a message that the schema does not have.
        side, frame = golden["from"], json.loads(golden["json"])
        kinds = [name for name in schema["definitions"] if name.startswith(side + ".")]
        found = [name for name in kinds if fits(frame, name)]
        if found != [f"{side}.{golden['meaning']['kind']}"] or not fits(frame, side):
            problems.append(f"{golden['name']} fits {found}: {golden['json']}")
        checked += 1
    for side, wrong in [("client", WRONG_FROM_CLIENTS), ("server", WRONG_FROM_SERVERS)]:
        for text in wrong.strip().splitlines():
            if fits(json.loads(text), side):
                problems.append(f"a wrong frame of a {side} fits: {text.strip()}")
            checked += 1
    for text in RIGHT_FROM_CLIENTS.strip().splitlines():
        if not fits(json.loads(text), "client"):
            problems.append(f"a right frame of a client does not fit: {text.strip()}")
        checked += 1
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{checked} frames held against the schema")
    return 1 if problems or checked < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
