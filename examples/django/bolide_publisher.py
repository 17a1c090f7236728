"""The publisher of django-websocket-redis for a site whose pages connect to a Bolide server.

It takes the place of that package's publisher with one other import:

    from bolide_publisher import SELF, RedisMessage, RedisPublisher

    RedisPublisher(facility="news", broadcast=True).publish_message(RedisMessage("hello"))

The settings of the site, or without Django the environment, name the server and a key, which
`bolide key new site --may publish` makes:

    BOLIDE_URL = "http://127.0.0.1:4000"
    BOLIDE_KEY = "bk_…"

WS4REDIS_EXPIRE, if it is set, is how many seconds a message is kept for pages that come later.
"""

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid

# Among users, groups or sessions: those of the request.
SELF = object()

AUDIENCES = ("session", "user", "group", "broadcast")

# Seconds to wait for the server. A request without an answer is repeated once.
_TIMEOUT_S = 5

# Names of one kind in one request.
_NAMES_MAX = 1000


class PublishError(Exception):
    """The server refused a request: a stable `code`, and a sentence."""

    def __init__(self, status, code, detail):
        super().__init__(f"{detail} ({code}, HTTP {status})")
        self.status = status
        self.code = code


class RedisMessage(str):
    """A text to publish, from a text or from UTF-8."""

    def __new__(cls, value):
        return super().__new__(cls, value.decode() if isinstance(value, (bytes, bytearray)) else value)


class RedisPublisher:
    """Publishes to a facility: to all its pages, or to those of users, groups and sessions.

    Each of the three is a list of names, which may hold SELF, a single name, or True for SELF. They
    belong to `request`. A publisher without any of them only fetches.
    """

    def __init__(self, facility=None, broadcast=False, users=(), groups=(), sessions=(), request=None):
        names = {
            "users": _names(users, lambda: [_user(request)]),
            "groups": _names(groups, lambda: _groups(request)),
            "sessions": _names(sessions, lambda: [_session(request)]),
        }
        self._facility = facility
        self._receivers = [{"all": True}] if broadcast else []
        for kind, every in names.items():
            parts = (every[start : start + _NAMES_MAX] for start in range(0, len(every), _NAMES_MAX))
            self._receivers.extend({kind: part} for part in parts)
        if self._receivers and not facility:
            raise ValueError("a publisher needs a facility, as RedisPublisher(facility='news', broadcast=True)")

    def publish_message(self, message, expire=None):
        """Publishes a text, and returns how many sockets it was sent to.

        `expire` is how many seconds it is kept as the last message of its channels; 0 keeps nothing.
        Without it WS4REDIS_EXPIRE counts, or else the setting of the server.
        """
        expire = _setting("WS4REDIS_EXPIRE") if expire is None else expire
        body = {"facility": self._facility, "text": RedisMessage(message)}
        if expire is not None:
            body["expire_s"] = int(expire)
        return sum(_request("POST", "/api/v1/publish", {"to": to, **body})["reached"] for to in self._receivers)

    def fetch_message(self, request, facility, audience="any"):
        """Returns the last message that is kept for whoever sends `request`; None if there is none.

        `audience` is broadcast, group, user, session, or any for the first that is found.
        """
        if audience not in (*AUDIENCES, "any"):
            raise ValueError(f"audience is {audience!r}; allowed are {', '.join(AUDIENCES)} and any")
        path = f"/api/v1/topics/{urllib.parse.quote(facility)}"
        channels = {
            "session": lambda: [_session(request)],
            "user": lambda: [_user(request)],
            "group": lambda: _groups(request),
        }
        for kind in AUDIENCES if audience == "any" else (audience,):
            names = [None] if kind == "broadcast" else [name for name in channels[kind]() if name]
            for name in names:
                query = "" if name is None else "?" + urllib.parse.urlencode({kind: name})
                try:
                    return RedisMessage(_request("GET", path + query)["text"])
                except PublishError as error:
                    if error.code != "nothing_kept":
                        raise
        return None


def _names(given, own):
    """Returns the names that are given, with those of the request in place of SELF."""
    if given is True:
        given = [SELF]
    elif given is False:
        given = []
    elif isinstance(given, str):
        given = [given]
    names = []
    for name in given:
        names.extend(own() if name is SELF else [name])
    return list(dict.fromkeys(name for name in names if name))


def _user(request):
    user = getattr(request, "user", None)
    return user.get_username() if user is not None and user.is_authenticated else None


def _groups(request):
    """Returns the groups of the user, which the site keeps in its session or in its database."""
    if _user(request) is None:
        return []
    session = getattr(request, "session", None) or {}
    if "ws4redis:memberof" in session:
        return list(session["ws4redis:memberof"])
    return list(request.user.groups.values_list("name", flat=True))


def _session(request):
    return getattr(getattr(request, "session", None), "session_key", None)


def _setting(name):
    try:
        from django.conf import settings
    except ImportError:
        return os.environ.get(name)
    return getattr(settings, name, None)


def _request(method, path, body=None):
    """Sends a request, and once more if there is no answer. The server publishes it once."""
    url, key = _setting("BOLIDE_URL"), _setting("BOLIDE_KEY")
    if not url or not key:
        raise PublishError(0, "not_configured", "BOLIDE_URL and BOLIDE_KEY are not set")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url.rstrip("/") + path, data, headers, method=method)
    try:
        return _answer(request)
    except (OSError, http.client.HTTPException):
        return _answer(request)


def _answer(request):
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode(errors="replace")
        try:
            problem = json.loads(text)
            code, detail = problem["code"], problem["detail"]
        except (ValueError, KeyError, TypeError):
            code, detail = "unexpected", text.strip()
        raise PublishError(error.code, code, detail) from None
