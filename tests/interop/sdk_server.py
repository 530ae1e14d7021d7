"""The official SDK's server (PyPI `foxglove-sdk`), as interop tests want it. See peer.py."""

import base64
import os
import socket
import threading
import time

import foxglove
from foxglove.channels import KeyValuePairChannel
from foxglove.messages import KeyValuePair
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
    StatusLevel,
)
from peer import commands, done, failed, tell

CAPABILITIES = {
    "clientPublish": Capability.ClientPublish,
    "connectionGraph": Capability.ConnectionGraph,
    "parameters": Capability.Parameters,
    "services": Capability.Services,
    "time": Capability.Time,
    "playbackControl": Capability.PlaybackControl,
}
ASSETS = {"package://arm/base.stl": b"solid base", "package://empty": b""}
OBJECT = foxglove.Schema(name="Object", encoding="jsonschema", data=b'{"type":"object"}')
JSON = MessageSchema(encoding="json", schema=OBJECT)


class Listener(ServerListener):
    """Tells everything, keeps parameters and plays nothing."""

    def __init__(self):
        self.parameters = {
            parameter.name: parameter
            for parameter in [
                Parameter("whole", value=7),
                Parameter("gain", value=2.0),
                Parameter("name", value="robot"),
                Parameter("on", value=True),
                Parameter("bytes", value=b"\x00\xff"),
                Parameter("floats", value=[1.0, 2.5], type=ParameterType.Float64Array),
                Parameter("nested", value={"list": [1, 2], "text": "a"}),
                Parameter("nan", value=float("nan")),
            ]
        }

    def on_subscribe(self, client, channel):
        tell("subscribe", client=client.id, topic=channel.topic)

    def on_unsubscribe(self, client, channel):
        tell("unsubscribe", client=client.id, topic=channel.topic)

    def on_client_advertise(self, client, channel):
        schema = None if channel.schema is None else base64.b64encode(channel.schema).decode()
        tell(
            "advertise",
            id=channel.id,
            topic=channel.topic,
            encoding=channel.encoding,
            schemaName=channel.schema_name,
            schemaEncoding=channel.schema_encoding,
            schema=schema,
        )

    def on_client_unadvertise(self, client, client_channel_id):
        tell("unadvertise", id=client_channel_id)

    def on_message_data(self, client, client_channel_id, data):
        tell("message", id=client_channel_id, data=base64.b64encode(data).decode())

    def on_get_parameters(self, client, param_names, request_id=None):
        tell("getParameters", names=param_names, id=request_id)
        wanted = param_names or list(self.parameters)
        return [self.parameters[name] for name in wanted if name in self.parameters]

    def on_set_parameters(self, client, parameters, request_id=None):
        for parameter in parameters:
            tell("setParameter", name=parameter.name, value=repr(parameter.get_value()), type=str(parameter.type))
            if parameter.value is None:
                self.parameters.pop(parameter.name, None)
            elif parameter.name != "fixed":
                self.parameters[parameter.name] = parameter
        return parameters

    def on_parameters_subscribe(self, param_names):
        tell("subscribeParameters", names=sorted(param_names))

    def on_parameters_unsubscribe(self, param_names):
        tell("unsubscribeParameters", names=sorted(param_names))

    def on_connection_graph_subscribe(self):
        tell("subscribeGraph")

    def on_connection_graph_unsubscribe(self):
        tell("unsubscribeGraph")

    def on_playback_control_request(self, request):
        tell(
            "playback",
            command=request.playback_command.name,
            speed=request.playback_speed,
            seek=None if request.seek_time is None else str(request.seek_time),
        )
        playing = request.playback_command.name == "Play"
        return PlaybackState(
            status=PlaybackStatus.Playing if playing else PlaybackStatus.Paused,
            current_time=request.seek_time or 5_000_000_000,
            playback_speed=request.playback_speed,
            did_seek=request.seek_time is not None,
            request_id=request.request_id,
        )


class Robot:
    """One server, and a method for each command."""

    def __init__(self):
        self.context = foxglove.Context()
        self.listener = Listener()
        self.channels = {}
        # A client that knows of it is one of the server's: what is broadcast before passes it by.
        self.channel("/ready")
        self.released = threading.Event()

    def start(self, port=0, session=None, capabilities=(), encodings=None, playback=None, assets=False):
        range_ = None if playback is None else (int(playback[0]), int(playback[1]))
        services = "services" in capabilities
        self.server = foxglove.start_server(
            name="sdk",
            port=port,
            session_id=session,
            capabilities=[CAPABILITIES[name] for name in capabilities],
            supported_encodings=encodings,
            server_listener=self.listener,
            services=self.services() if services else None,
            asset_handler=self.asset if assets else None,
            playback_time_range=range_,
            context=self.context,
        )
        return {"port": self.server.port}

    def services(self):
        json = ServiceSchema(name="Any", request=JSON, response=JSON)
        bare = ServiceSchema(name="Bare")
        return [
            Service("/echo", schema=json, handler=lambda request: request.payload),
            Service("/bare", schema=bare, handler=lambda request: request.payload),
            Service("/fail", schema=json, handler=self.fail),
            Service("/slow", schema=json, handler=self.slow),
            Service("/empty", schema=json, handler=lambda request: b""),
        ]

    def fail(self, request):
        raise ValueError("the arm is stuck")

    def slow(self, request):
        tell("called", service=request.service_name)
        self.released.wait(30)
        return request.payload

    def release(self):
        self.released.set()

    def asset(self, uri):
        if uri == "package://broken":
            raise ValueError("the disk is broken")
        return ASSETS.get(uri)

    def channel(self, topic, encoding="json", schema=None, metadata=None):
        if schema is not None:
            schema = foxglove.Schema(name=schema["name"], encoding=schema["encoding"], data=schema["data"].encode())
        # Not Channel: that one makes up a schema where there is none.
        self.channels[topic] = self.context._create_channel(
            topic, message_encoding=encoding, schema=schema, metadata=metadata
        )

    def dict_channel(self, topic):
        self.channels[topic] = foxglove.Channel(topic, context=self.context)

    def protobuf_channel(self, topic):
        self.channels[topic] = KeyValuePairChannel(topic, context=self.context)
        return {"schema": base64.b64encode(KeyValuePair.get_schema().data).decode()}

    def log(self, topic, messages, times):
        for message, time in zip(messages, times):
            self.channels[topic].log(base64.b64decode(message), log_time=int(time))

    def log_pair(self, topic, key, value, time):
        self.channels[topic].log(KeyValuePair(key=key, value=value), log_time=int(time))

    def close_channel(self, topic):
        self.channels.pop(topic).close()

    def status(self, level, message, id=None):
        self.server.publish_status(message, getattr(StatusLevel, level), id)

    def remove_status(self, ids):
        self.server.remove_status(ids)

    def time(self, time):
        self.server.broadcast_time(int(time))

    def clear_session(self, session=None):
        self.server.clear_session(session)

    def add_service(self, name):
        schema = ServiceSchema(name="Any", request=JSON, response=JSON)
        self.server.add_services([Service(name, schema=schema, handler=lambda request: request.payload)])

    def remove_services(self, names):
        self.server.remove_services(names)

    def publish_parameters(self, values):
        parameters = [Parameter(name, value=value) for name, value in values.items()]
        self.listener.parameters.update({parameter.name: parameter for parameter in parameters})
        self.server.publish_parameter_values(parameters)

    def graph(self, publishers, subscribers, providers):
        graph = ConnectionGraph()
        for name, ids in publishers.items():
            graph.set_published_topic(name, ids)
        for name, ids in subscribers.items():
            graph.set_subscribed_topic(name, ids)
        for name, ids in providers.items():
            graph.set_advertised_service(name, ids)
        self.server.publish_connection_graph(graph)

    def playback_state(self, status, time, speed, did_seek):
        state = PlaybackState(
            status=getattr(PlaybackStatus, status),
            current_time=int(time),
            playback_speed=speed,
            did_seek=did_seek,
            request_id=None,
        )
        self.server.broadcast_playback_state(state)

    def stop(self):
        port = self.server.port
        self.server.stop()
        # It is a thread of the SDK that ends listening, later.
        while not is_free(port):
            time.sleep(0.01)


def is_free(port):
    with socket.socket() as probe:
        # As the SDK does: closed connections of before do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
