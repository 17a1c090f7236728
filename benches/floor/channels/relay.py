"""The yardstick of relays that many know: Django Channels with its layer in memory, served by Daphne.
Each text of a member of a room goes to all of its members.

    python relay.py
"""

import os
import socket
import sys

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from daphne.server import Server
from django.conf import settings
from django.urls import re_path

# More texts wait for a member than the layer holds by default: it drops what is above 100.
LAYER = {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}
settings.configure(CHANNEL_LAYERS={"default": LAYER}, SECRET_KEY="none", ALLOWED_HOSTS=["*"])

import django  # noqa: E402

django.setup()


class Room(AsyncWebsocketConsumer):
    """A member of the room in the path."""

    async def connect(self):
        self.room = "room." + self.scope["url_route"]["kwargs"]["name"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        await self.channel_layer.group_send(self.room, {"type": "room.text", "text": text_data})

    async def room_text(self, event):
        await self.send(event["text"])


def main():
    routes = URLRouter([re_path(r"^room/(?P<name>\w+)/$", Room.as_asgi())])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print(f"  Play   http://127.0.0.1:{port}", flush=True)
    sys.stdout = open(os.devnull, "w")
    Server(ProtocolTypeRouter({"websocket": routes}), [f"tcp:port={port}:interface=127.0.0.1"]).run()


if __name__ == "__main__":
    main()
