"""The deprecated server for Python (PyPI `foxglove-websocket`), as interop tests want it. See peer.py."""

import asyncio
import base64
import logging
import sys
import threading
import warnings

from peer import commands, done, failed, tell

# `websockets` announces that it will do without the interface which this package uses.
warnings.simplefilter("ignore", DeprecationWarning)

from foxglove_websocket.server import FoxgloveServer, FoxgloveServerListener  # noqa: E402
from foxglove_websocket.types import StatusLevel  # noqa: E402


class Listener(FoxgloveServerListener):
    """Tells everything and keeps parameters."""

    def __init__(self):
        self.parameters = {"whole": {"name": "whole", "value": 7}, "gain": {"name": "gain", "value": 1.5, "type": "float64"}}

    def on_subscribe(self, server, channel_id):
        tell("subscribe", channel=channel_id)

    def on_unsubscribe(self, server, channel_id):
        tell("unsubscribe", channel=channel_id)

    async def on_client_advertise(self, server, channel):
        tell("advertise", channel=channel)

    async def on_client_unadvertise(self, server, channel_id):
        tell("unadvertise", id=channel_id)

    async def on_client_message(self, server, channel_id, payload):
        tell("message", id=channel_id, data=base64.b64encode(payload).decode())

    async def on_service_request(self, server, service_id, call_id, encoding, payload):
        if payload == b'"fail"':
            raise ValueError("the arm is stuck")
        return payload

    async def on_get_parameters(self, server, param_names, request_id):
        wanted = param_names or list(self.parameters)
        return [self.parameters[name] for name in wanted if name in self.parameters]

    async def on_set_parameters(self, server, params, request_id):
        for parameter in params:
            if "value" in parameter:
                self.parameters[parameter["name"]] = parameter
            else:
                self.parameters.pop(parameter["name"], None)
        return params

    async def on_parameters_subscribe(self, server, param_name, subscribe):
        tell("subscribeParameters" if subscribe else "unsubscribeParameters", names=sorted(param_name))


class Robot:
    """One server, and a method for each command."""

    async def start(self, capabilities=(), port=0, session=None):
        logger = logging.getLogger("peer")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        self.listener = Listener()
        self.server = FoxgloveServer(
            "127.0.0.1",
            port,
            "legacy",
            capabilities=list(capabilities),
            supported_encodings=["json"],
            session_id=session,
            logger=logger,
        )
        self.server.set_listener(self.listener)
        self.server.start()
        opened = await self.server.wait_opened()
        return {"port": opened.sockets[0].getsockname()[1]}

    async def channel(self, topic, encoding="json", schema=""):
        channel = {"topic": topic, "encoding": encoding, "schemaName": "Pose", "schema": schema, "schemaEncoding": "jsonschema"}
        return {"id": await self.server.add_channel(channel)}

    async def remove_channel(self, id):
        await self.server.remove_channel(id)

    async def log(self, id, messages, times):
        for message, time in zip(messages, times):
            await self.server.send_message(id, int(time), base64.b64decode(message))

    async def service(self, name):
        schema = {"encoding": "json", "schemaName": "Any", "schemaEncoding": "jsonschema", "schema": '{"type":"object"}'}
        return {"id": await self.server.add_service({"name": name, "type": "Any", "request": schema, "response": schema})}

    async def remove_service(self, id):
        await self.server.remove_service(id)

    async def update_parameters(self, parameters):
        await self.server.update_parameters(parameters)

    async def publish_nan(self, name):
        await self.server.update_parameters([{"name": name, "value": float("nan"), "type": "float64"}])

    async def status(self, level, message, id=None):
        await self.server.send_status(StatusLevel[level], message, id)

    async def remove_status(self, ids):
        await self.server.remove_status(ids)

    async def time(self, time):
        await self.server.broadcast_time(int(time))

    async def reset_session(self, session):
        await self.server.reset_session_id(session)

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()


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
