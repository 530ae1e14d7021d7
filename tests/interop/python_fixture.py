"""The deprecated server for Python with what docs/conformance.md asks of a server under test, as far as it can. See peer.py."""

import asyncio
import json
import logging
import sys
import threading
import time
import warnings

from peer import commands, done, failed

# `websockets` announces that it will do without the interface which this package uses.
warnings.simplefilter("ignore", DeprecationWarning)

from foxglove_websocket.server import FoxgloveServer, FoxgloveServerListener  # noqa: E402

PARAMETERS = [
    {"name": "int", "value": 1},
    {"name": "float", "value": 1.0, "type": "float64"},
    {"name": "string", "value": "text"},
    {"name": "bool", "value": True},
    {"name": "bytes", "value": "AAECAwQFBgcICQoLDA0ODw==", "type": "byte_array"},
    {"name": "list", "value": [1.0, 2.5], "type": "float64_array"},
    {"name": "nested", "value": {"a": [1, {"b": True}]}},
    {"name": "read_only", "value": "fixed"},
    {"name": "ticks", "value": 0},
]


def schema(name, **properties):
    members = {member: {"type": type_} for member, type_ in properties.items()}
    return json.dumps({"title": name, "type": "object", "properties": members})


def message_schema(name, **properties):
    return {"encoding": "json", "schemaName": name, "schemaEncoding": "jsonschema", "schema": schema(name, **properties)}


class Listener(FoxgloveServerListener):
    def __init__(self):
        self.parameters = {parameter["name"]: parameter for parameter in PARAMETERS}
        self.services = {}
        self.echoes = {}

    async def on_client_advertise(self, server, channel):
        # Ids of client channels are not told apart by their clients.
        echo = {key: channel[key] for key in ("encoding", "schemaName", "schema", "schemaEncoding") if channel.get(key)}
        echo = {"schemaName": "", "schema": "", **echo, "topic": f"/echo{channel['topic']}"}
        self.echoes[channel["id"]] = await server.add_channel(echo)

    async def on_client_unadvertise(self, server, channel_id):
        echo = self.echoes.pop(channel_id, None)
        if echo is not None:
            await server.remove_channel(echo)

    async def on_client_message(self, server, channel_id, payload):
        echo = self.echoes.get(channel_id)
        if echo is not None:
            await server.send_message(echo, time.time_ns(), payload)

    async def on_service_request(self, server, service_id, call_id, encoding, payload):
        name = self.services[service_id]
        if name == "/add":
            numbers = json.loads(payload)
            return json.dumps({"sum": numbers["a"] + numbers["b"]}).encode()
        if name == "/fail":
            raise ValueError("Failure on purpose")
        if name == "/slow":
            await asyncio.sleep(1)
            raise TimeoutError("No answer within 1 s")
        return payload

    async def on_get_parameters(self, server, param_names, request_id):
        return self.values(param_names or list(self.parameters))

    async def on_set_parameters(self, server, params, request_id):
        for parameter in params:
            if parameter["name"] == "read_only":
                continue
            if "value" in parameter:
                self.parameters[parameter["name"]] = parameter
            else:
                self.parameters.pop(parameter["name"], None)
        return self.values([parameter["name"] for parameter in params])

    def values(self, names):
        return [self.parameters[name] for name in names if name in self.parameters]


class Robot:
    """One server, and a method for each command."""

    async def start(self):
        logger = logging.getLogger("peer")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        self.listener = Listener()
        self.server = FoxgloveServer(
            "127.0.0.1",
            0,
            "legacy",
            capabilities=["clientPublish", "parameters", "parametersSubscribe", "services", "time"],
            supported_encodings=["json", "protobuf", "ros1", "cdr"],
            session_id="session",
            logger=logger,
        )
        self.server.set_listener(self.listener)
        counter = {"topic": "/counter", "encoding": "json", "schemaName": "Counter", "schema": schema("Counter", count="integer")}
        self.counter = await self.server.add_channel({**counter, "schemaEncoding": "jsonschema"})
        self.bytes = await self.server.add_channel({"topic": "/bytes", "encoding": "raw", "schemaName": "", "schema": ""})
        await self.add_services()
        self.server.start()
        opened = await self.server.wait_opened()
        self.ticking = asyncio.create_task(self.tick())
        return {"port": opened.sockets[0].getsockname()[1]}

    async def add_services(self):
        request = message_schema("AddRequest", a="number", b="number")
        add = {"name": "/add", "type": "Add", "request": request, "response": message_schema("AddResponse", sum="number")}
        others = [{"name": f"/{name}", "type": name, "requestSchema": "", "responseSchema": ""} for name in ("echo", "fail", "slow")]
        for service in [add, *others]:
            self.listener.services[await self.server.add_service(service)] = service["name"]

    async def tick(self):
        for count in range(10**9):
            try:
                await self.publish(count)
            except Exception:
                # A client has subscribed with an id that is no integer: nobody gets a message while it is connected.
                pass
            await asyncio.sleep(0.1)

    async def publish(self, count):
        await self.server.broadcast_time(time.time_ns())
        if count % 10 == 0:
            ticks = {"name": "ticks", "value": count // 10}
            self.listener.parameters["ticks"] = ticks
            await self.server.update_parameters([ticks])
        await self.server.send_message(self.counter, time.time_ns(), b'{"count":%d}' % count)
        if count % 10 == 0:
            await self.server.send_message(self.bytes, time.time_ns(), bytes(range(256)))


async def main():
    robot = Robot()
    loop = asyncio.get_running_loop()
    lines = asyncio.Queue()

    def read():
        for command in commands():
            loop.call_soon_threadsafe(lines.put_nowait, command)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (command := await lines.get()) is not None:
        name, arguments = command
        try:
            done(await getattr(robot, name)(**arguments))
        except Exception as error:
            failed(error)
    sys.stdout.flush()


asyncio.run(main())
