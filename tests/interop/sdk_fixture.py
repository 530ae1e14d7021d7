"""The official SDK's server with what docs/conformance.md asks of a server under test, as far as the SDK can. See peer.py.

Callbacks only take notes (docs/interop.md says why); what follows from them is done by a thread of its own.
"""

import json
import os
import queue
import threading
import time

import foxglove
from foxglove.websocket import (
    Capability,
    ConnectionGraph,
    MessageSchema,
    Parameter,
    ParameterType,
    PlaybackState,
    PlaybackStatus,
    ServerListener,
    Service,
    ServiceSchema,
)
from peer import commands, done, failed

START = 1_700_000_000 * 10**9
END = START + 60 * 10**9
ROBOT = b'<?xml version="1.0"?>\n<robot name="everything"><link name="base"/></robot>\n'
SCHEMA_ENCODINGS = {"json": "jsonschema", "protobuf": "protobuf", "ros1": "ros1msg", "cdr": "ros2msg"}


def schema(name, **properties):
    members = ",".join(f'"{member}":{{"type":"{type_}"}}' for member, type_ in properties.items())
    data = f'{{"title":"{name}","type":"object","properties":{{{members}}}}}'
    return foxglove.Schema(name=name, encoding="jsonschema", data=data.encode())


class Player:
    """A recording of a minute; asked from callbacks, driven by the clock's thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.time = START
        self.status = PlaybackStatus.Paused
        self.speed = 1.0

    def request(self, request):
        with self.lock:
            self.speed = request.playback_speed
            if request.seek_time is not None:
                self.time = min(max(request.seek_time, START), END)
            playing = request.playback_command.name == "Play"
            self.status = PlaybackStatus.Playing if playing else PlaybackStatus.Paused
            if playing and self.time == END:
                self.status = PlaybackStatus.Ended
            return self.state(request.seek_time is not None, request.request_id)

    def advance(self, passed):
        """Where it is now, if it plays, and the state if it has come to its end."""
        with self.lock:
            if self.status != PlaybackStatus.Playing:
                return None, None
            self.time = min(END, self.time + int(passed * self.speed))
            if self.time < END:
                return self.time, None
            self.status = PlaybackStatus.Ended
            return self.time, self.state(False, None)

    def state(self, did_seek, request_id):
        return PlaybackState(
            status=self.status,
            current_time=self.time,
            playback_speed=self.speed,
            did_seek=did_seek,
            request_id=request_id,
        )


class Listener(ServerListener):
    def __init__(self, events, player):
        self.events = events
        self.player = player
        self.parameters = {
            parameter.name: parameter
            for parameter in [
                Parameter("int", value=1),
                Parameter("float", value=1.0),
                Parameter("string", value="text"),
                Parameter("bool", value=True),
                Parameter("bytes", value=bytes(range(16))),
                Parameter("list", value=[1.0, 2.5], type=ParameterType.Float64Array),
                Parameter("nested", value={"a": [1, {"b": True}]}),
                Parameter("read_only", value="fixed"),
            ]
        }

    def on_client_advertise(self, client, channel):
        self.events.put(("advertise", (client.id, channel.id), channel))

    def on_client_unadvertise(self, client, client_channel_id):
        self.events.put(("unadvertise", (client.id, client_channel_id), None))

    def on_message_data(self, client, client_channel_id, data):
        self.events.put(("message", (client.id, client_channel_id), data))

    def on_get_parameters(self, client, param_names, request_id=None):
        return self.values(param_names or list(self.parameters))

    def on_set_parameters(self, client, parameters, request_id=None):
        for parameter in parameters:
            if parameter.name == "read_only":
                continue
            if parameter.value is None:
                self.parameters.pop(parameter.name, None)
            else:
                self.parameters[parameter.name] = parameter
        return self.values([parameter.name for parameter in parameters])

    def values(self, names):
        return [self.parameters[name] for name in names if name in self.parameters]

    def on_playback_control_request(self, request):
        return self.player.request(request)


class Echoes:
    """What clients publish on /x is published on /echo/x."""

    def __init__(self, context):
        self.context = context
        self.channels = {}
        self.publishers = {}

    def advertise(self, key, channel):
        kind = (channel.topic, channel.encoding, channel.schema_name, channel.schema_encoding, channel.schema)
        self.publishers[key] = kind
        if kind in self.channels:
            return
        schema = None
        if channel.schema:
            encoding = channel.schema_encoding or SCHEMA_ENCODINGS[channel.encoding]
            schema = foxglove.Schema(name=channel.schema_name, encoding=encoding, data=channel.schema)
        self.channels[kind] = self.context._create_channel(
            f"/echo{channel.topic}", message_encoding=channel.encoding, schema=schema
        )

    def unadvertise(self, key, _):
        kind = self.publishers.pop(key, None)
        if kind is not None and kind not in self.publishers.values():
            self.channels.pop(kind).close()

    def message(self, key, data):
        kind = self.publishers.get(key)
        if kind is not None:
            self.channels[kind].log(data)


class Robot:
    """One server, and a method for each command."""

    def __init__(self):
        self.context = foxglove.Context()
        self.events = queue.SimpleQueue()
        self.player = Player()
        self.counter = self.channel("/counter", "json", schema("Counter", count="integer"))
        self.bytes = self.channel("/bytes", "raw")
        self.playback = self.channel("/playback", "json", schema("Playback", t="number"))

    def channel(self, topic, encoding, schema=None):
        # Not Channel: that one makes up a schema where there is none.
        return self.context._create_channel(topic, message_encoding=encoding, schema=schema)

    def start(self):
        self.server = foxglove.start_server(
            name="sdk",
            port=0,
            capabilities=[
                Capability.ClientPublish,
                Capability.ConnectionGraph,
                Capability.Parameters,
                Capability.PlaybackControl,
                Capability.Services,
                Capability.Time,
            ],
            supported_encodings=["json", "protobuf", "ros1", "cdr"],
            server_listener=Listener(self.events, self.player),
            services=self.services(),
            asset_handler=self.asset,
            playback_time_range=(START, END),
            context=self.context,
        )
        graph = ConnectionGraph()
        for topic in ("/counter", "/bytes", "/playback"):
            graph.set_published_topic(topic, ["server"])
        for service in ("/add", "/echo", "/fail", "/slow"):
            graph.set_advertised_service(service, ["server"])
        self.server.publish_connection_graph(graph)
        threading.Thread(target=self.work, daemon=True).start()
        threading.Thread(target=self.tick, daemon=True).start()
        return {"port": self.server.port}

    def services(self):
        numbers = MessageSchema(encoding="json", schema=schema("AddRequest", a="number", b="number"))
        sum_ = MessageSchema(encoding="json", schema=schema("AddResponse", sum="number"))
        return [
            Service("/add", schema=ServiceSchema(name="Add", request=numbers, response=sum_), handler=self.add),
            Service("/echo", schema=ServiceSchema(name="Echo"), handler=lambda request: request.payload),
            Service("/fail", schema=ServiceSchema(name="Fail"), handler=self.fail),
            Service("/slow", schema=ServiceSchema(name="Slow"), handler=self.slow),
        ]

    def add(self, request):
        numbers = json.loads(request.payload)
        return json.dumps({"sum": numbers["a"] + numbers["b"]}).encode()

    def fail(self, request):
        raise ValueError("Failure on purpose")

    def slow(self, request):
        time.sleep(1)
        raise TimeoutError("No answer within 1 s")

    def asset(self, uri):
        if uri == "package://everything/robot.urdf":
            return ROBOT
        if uri == "package://everything/huge.bin":
            return (bytes(range(251)) * 33_421)[: 8 * 1024 * 1024]
        return None

    def work(self):
        """Does what follows from callbacks."""
        echoes = Echoes(self.context)
        while True:
            event, key, detail = self.events.get()
            getattr(echoes, event)(key, detail)

    def tick(self):
        """Counter, time and playback."""
        step = 0.02
        at = time.monotonic()
        for count in range(10**9):
            passed = time.monotonic() - at
            at += passed
            position, ended = self.player.advance(passed * 10**9)
            if position is not None:
                self.playback.log(b'{"t":%f}' % ((position - START) / 10**9), log_time=position)
            if ended is not None:
                self.server.broadcast_playback_state(ended)
            if count % 5 == 0:
                self.counter.log(b'{"count":%d}' % (count // 5))
                self.server.broadcast_time(self.player.time)
            if count % 50 == 0:
                self.bytes.log(bytes(range(256)))
            time.sleep(step)


def main():
    robot = Robot()
    for name, arguments in commands():
        try:
            done(getattr(robot, name)(**arguments))
        except Exception as error:
            failed(error)


main()
# Not by the usual way: the SDK waits there for its threads, and they may be waiting for Python.
os._exit(0)
