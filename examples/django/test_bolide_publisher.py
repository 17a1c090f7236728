#!/usr/bin/env python3
"""What the publisher asks of a server, which is a stand-in, and what it makes of the answers."""

import json
import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import bolide_publisher
from bolide_publisher import SELF, PublishError, RedisMessage, RedisPublisher


class StandIn(HTTPServer):
    """Answers with what is in `answers`, in their order, and keeps the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = []
        self.requests = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, self.headers, json.loads(body or "null")))
        answer = self.server.answers.pop(0)
        if answer is None:  # The connection is cut.
            return
        status, value = answer
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def request_of(user="john", groups=("chatters",), key="k1"):
    class Session(dict):
        session_key = key

    person = SimpleNamespace(is_authenticated=user is not None, get_username=lambda: user)
    return SimpleNamespace(user=person, session=Session({"ws4redis:memberof": list(groups)}))


NOTHING = (404, {"code": "nothing_kept", "detail": "nothing is kept"})


def sent(reached=1):
    return (202, {"id": "n1", "reached": reached})


class Publisher(unittest.TestCase):
    def setUp(self):
        self.server = StandIn()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        os.environ.update(BOLIDE_URL=f"http://127.0.0.1:{self.server.server_port}/", BOLIDE_KEY="bk_secret")
        os.environ.pop("WS4REDIS_EXPIRE", None)

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def bodies(self):
        return [body for *_, body in self.server.requests]

    def paths(self):
        return [path for _, path, *_ in self.server.requests]

    def test_a_broadcast_is_one_request_with_the_key(self):
        self.server.answers = [sent(3)]
        reached = RedisPublisher(facility="foobar", broadcast=True).publish_message(RedisMessage("Hello World"))
        self.assertEqual(reached, 3)
        [(method, path, headers, body)] = self.server.requests
        self.assertEqual((method, path), ("POST", "/api/v1/publish"))
        self.assertEqual(headers["Authorization"], "Bearer bk_secret")
        self.assertEqual(body, {"to": {"all": True}, "facility": "foobar", "text": "Hello World"})

    def test_each_kind_of_receiver_is_a_request(self):
        self.server.answers = [sent(), sent(), sent(), sent(4)]
        publisher = RedisPublisher(facility="f", broadcast=True, users=["john", "mary"], groups="chatters", sessions=("k1",))
        self.assertEqual(publisher.publish_message("汉字", expire=10), 7)
        receivers = [{"all": True}, {"users": ["john", "mary"]}, {"groups": ["chatters"]}, {"sessions": ["k1"]}]
        self.assertEqual([body["to"] for body in self.bodies()], receivers)
        self.assertEqual({(body["text"], body["expire_s"]) for body in self.bodies()}, {("汉字", 10)})
        keys = {headers["Idempotency-Key"] for _, _, headers, _ in self.server.requests}
        self.assertEqual(len(keys), 4)

    def test_self_is_who_sends_the_request(self):
        self.server.answers = [sent(), sent(), sent()]
        request = request_of()
        RedisPublisher(facility="f", users=[SELF, "john", "mary"], request=request).publish_message("a")
        RedisPublisher(facility="f", groups=True, request=request).publish_message("a")
        RedisPublisher(facility="f", sessions=[SELF], request=request).publish_message("a")
        receivers = [{"users": ["john", "mary"]}, {"groups": ["chatters"]}, {"sessions": ["k1"]}]
        self.assertEqual([body["to"] for body in self.bodies()], receivers)
        # A stranger has no name, and nothing is sent.
        RedisPublisher(facility="f", users=[SELF], request=request_of(user=None)).publish_message("a")
        self.assertEqual(len(self.server.requests), 3)

    def test_more_names_than_a_request_may_have_are_several(self):
        self.server.answers = [sent(), sent()]
        RedisPublisher(facility="f", users=[f"u{n}" for n in range(1001)]).publish_message("a")
        self.assertEqual([len(body["to"]["users"]) for body in self.bodies()], [1000, 1])

    def test_the_sites_setting_says_how_long_a_message_is_kept(self):
        self.server.answers = [sent(), sent()]
        os.environ["WS4REDIS_EXPIRE"] = "7200"
        publisher = RedisPublisher(facility="f", broadcast=True)
        publisher.publish_message("a")
        publisher.publish_message("a", expire=0)
        self.assertEqual([body["expire_s"] for body in self.bodies()], [7200, 0])

    def test_a_request_that_is_cut_is_repeated_as_the_same_one(self):
        self.server.answers = [None, sent(5)]
        self.assertEqual(RedisPublisher(facility="f", broadcast=True).publish_message("a"), 5)
        first, second = self.server.requests
        self.assertEqual(first[2]["Idempotency-Key"], second[2]["Idempotency-Key"])
        self.assertEqual(first[3], second[3])

    def test_a_message_is_fetched_from_the_first_channel_that_has_one(self):
        self.server.answers = [NOTHING, NOTHING, NOTHING, (200, {"facility": "a b/c", "text": "two"})]
        self.assertEqual(RedisPublisher().fetch_message(request_of(), "a b/c", "any"), "two")
        topic = "/api/v1/topics/a%20b/c"
        self.assertEqual(self.paths(), [f"{topic}?session=k1", f"{topic}?user=john", f"{topic}?group=chatters", topic])

    def test_nothing_is_fetched_for_a_stranger_but_what_is_for_all(self):
        stranger = request_of(user=None, key=None)
        for audience in ("session", "user", "group"):
            self.assertIsNone(RedisPublisher().fetch_message(stranger, "f", audience))
        self.assertEqual(self.server.requests, [])
        self.server.answers = [NOTHING]
        self.assertIsNone(RedisPublisher().fetch_message(stranger, "f"))
        self.assertEqual(self.paths(), ["/api/v1/topics/f"])

    def test_a_refusal_is_an_error_with_a_code(self):
        self.server.answers = [(401, {"code": "unknown_key", "detail": "this key is unknown"}), (502, b"<h1>Bad Gateway</h1>")]
        publisher = RedisPublisher(facility="f", broadcast=True)
        with self.assertRaises(PublishError) as caught:
            publisher.publish_message("a")
        self.assertEqual((caught.exception.status, caught.exception.code), (401, "unknown_key"))
        self.assertIn("this key is unknown", str(caught.exception))
        with self.assertRaises(PublishError) as caught:
            publisher.publish_message("a")
        self.assertEqual(caught.exception.code, "unexpected")
        self.assertEqual(len(self.server.requests), 2)

    def test_mistakes_say_what_is_allowed(self):
        with self.assertRaisesRegex(ValueError, "needs a facility"):
            RedisPublisher(broadcast=True)
        with self.assertRaisesRegex(ValueError, "allowed are session, user, group, broadcast and any"):
            RedisPublisher().fetch_message(request_of(), "f", "all")
        del os.environ["BOLIDE_KEY"]
        with self.assertRaisesRegex(PublishError, "BOLIDE_URL and BOLIDE_KEY are not set"):
            RedisPublisher(facility="f", broadcast=True).publish_message("a")

    def test_a_message_is_a_text_or_its_utf_8(self):
        self.assertEqual(RedisMessage("汉字".encode()), "汉字")
        self.assertIsInstance(RedisMessage("a"), str)


if __name__ == "__main__":
    # Django is no part of the test: its settings would win over the environment.
    bolide_publisher._setting = os.environ.get
    unittest.main()
