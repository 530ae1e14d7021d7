import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { networkInterfaces } from "node:os";
import { coreTime, cpuUsage, diskCounters, networkCounters, realDisks } from "../../examples/demo/counters.ts";
import { figures } from "../../examples/demo/figures.ts";
import { readFlags, UsageError } from "../../examples/demo/flags.ts";
import { introduction } from "../../examples/demo/introduction.ts";
import { LOG_SCHEMA, type LogMessage, logMessage } from "../../examples/demo/log.ts";
import { Station } from "../../examples/demo/station.ts";
import { test } from "../support/test.ts";

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    5000      12    0    0    0     0          0         0     5000      12    0    0    0     0       0          0
  eth0:474770067   14408    0    0    0     0          0         0   611009    8191    0    0    0     0       0          0
 wlan0:    1000       2    0    0    0     0          0         0     2000       2    0    0    0     0       0          0
`;

const DISKSTATS = `   7       0 loop0 9 0 9 0 0 0 9 0 0 0 0 0 0 0 0 0 0
 259       0 nvme0n1 79504 11089 1000 67171 25915 22059 200 10691 0 13624 78741 8278 17 657400 733 3318 145
 259       1 nvme0n1p1 70000 11000 900 67000 25000 22000 150 10000 0 13000 78000 8000 17 650000 700 3000 100
   8       0 sda 1 0 8 0 1 0 16 0 0 0 0
`;

test("network counters sum the interfaces and keep local traffic apart", () => {
  assertEquals(networkCounters(NET_DEV), { received: 474771067, sent: 613009, local: 5000 });
});

test("disk counters take whole disks, in bytes", () => {
  assertEquals(diskCounters(DISKSTATS, ["nvme0n1", "sda"]), { read: 1008 * 512, written: 216 * 512 });
});

test("disks that keep their data on others are not counted", () => {
  assertEquals(realDisks(["loop0", "dm-0", "zram0", "nvme0n1", "md127", "vda", "sda", "sr0"]), [
    "nvme0n1",
    "vda",
    "sda",
  ]);
});

test("CPU usage is the busy part of the time between two readings", () => {
  const before = [
    coreTime({ user: 100, nice: 0, sys: 50, idle: 850, irq: 0 }),
    coreTime({ user: 0, sys: 0, idle: 1000 }),
  ];
  const after = [
    coreTime({ user: 140, nice: 5, sys: 55, idle: 900, irq: 0 }),
    coreTime({ user: 0, sys: 0, idle: 1100 }),
  ];
  assertEquals(cpuUsage(before, after), { total: 25, cores: [50, 0] });
});

test("CPU usage stays between 0 and 100 when counters stand still or step back", () => {
  const reading = [coreTime({ user: 100, idle: 100 })];
  assertEquals(cpuUsage(reading, reading), { total: 0, cores: [0] });
  assertEquals(cpuUsage(reading, [coreTime({ user: 90, idle: 150 })]), { total: 0, cores: [0] });
});

test("every machine has at least five figures, each with a topic and a schema name of its own", () => {
  const all = figures();
  assert(all.length >= 5, `Only ${all.map(({ topic }) => topic)}`);
  assertEquals(new Set(all.map(({ topic }) => topic)).size, all.length);
  assertEquals(new Set(all.map(({ schema }) => schema.name)).size, all.length);
});

test("every figure gives the members that its schema names, as finite numbers", () => {
  for (const { topic, schema, measure } of figures()) {
    const reading = measure()();
    const { type, properties } = schema.data as { type: string; properties: Record<string, { type: string }> };
    assertEquals(type, "object");
    assertEquals(Object.keys(reading).sort(), Object.keys(properties).sort(), topic);
    for (const [name, value] of Object.entries(reading)) {
      assertEquals(Array.isArray(value) ? "array" : "number", properties[name]?.type, `${topic}.${name}`);
      for (const one of [value].flat()) assert(Number.isFinite(one) && one >= 0, `${topic}.${name} is ${one}`);
    }
  }
});

test("log lines have every member that foxglove.Log requires", () => {
  const message = logMessage("warning", "Low battery", 1_700_000_000_123);
  const { required } = LOG_SCHEMA.data as unknown as { required: string[] };
  assertEquals(Object.keys(message).sort(), [...required].sort());
  assertEquals(message.timestamp, { sec: 1_700_000_000, nsec: 123_000_000 });
  assertEquals(message.level, 3);
});

test("flags have the promised defaults", () => {
  assertEquals(readFlags([]), { port: 8765, host: "127.0.0.1", seconds: undefined, watch: true, help: false });
});

test("flags are read, with a space or an equals sign", () => {
  const flags = readFlags(["--port", "0", "--host=::1", "--seconds=2.5", "--no-watch"]);
  assertEquals(flags, { port: 0, host: "::1", seconds: 2.5, watch: false, help: false });
});

const BAD_FLAGS: [string[], RegExp][] = [
  [["--prot", "1"], /^Unknown option '--prot'; --help shows the flags$/],
  [["7000"], /^Unexpected argument '7000'; --help shows the flags$/],
  [["--port"], /^--port takes a whole number from 0 to 65535$/],
  [["--port", "-1"], /^--port takes a whole number from 0 to 65535$/],
  [["--port", "http"], /^--port takes a whole number from 0 to 65535, not "http"$/],
  [["--port", "65536"], /^--port takes a whole number from 0 to 65535, not "65536"$/],
  [["--port="], /^--port takes a whole number from 0 to 65535, not ""$/],
  [["--seconds", "0"], /^--seconds takes a number above 0, at most 2147483, not "0"$/],
  [["--seconds=-1"], /^--seconds takes a number above 0, at most 2147483, not "-1"$/],
  [["--seconds", "-3"], /^--seconds takes a number above 0, at most 2147483$/],
  [["--host="], /^--host takes a name or an address, not ""$/],
  [["--host", "--no-watch"], /^--host takes a name or an address$/],
  [["--help=3"], /^Option '(-h, )?--help' does not take an argument; --help shows the flags$/],
];

test("a bad flag is named in one sentence", () => {
  for (const [args, expected] of BAD_FLAGS) {
    assertMatch(assertThrows(() => readFlags(args), UsageError).message, expected);
  }
});

test("the introduction names the address and fits 80 columns", () => {
  const text = introduction({ host: "127.0.0.1", port: 65535, url: "ws://127.0.0.1:65535" }, 10);
  assert(text.includes("ws://127.0.0.1:65535\n"));
  assert(text.includes("://app.foxglove.dev/"));
  for (const line of text.split("\n")) assertLess(line.length, 81);
});

test("the introduction tells other machines where to connect, and offers no link that a browser would refuse", () => {
  const text = introduction({ host: "192.0.2.1", port: 8765, url: "ws://192.0.2.1:8765" }, 9);
  assertFalse(text.includes("app.foxglove.dev"));
  const everywhere = introduction({ host: "0.0.0.0", port: 8765, url: "ws://127.0.0.1:8765" }, 9);
  const others = Object.values(networkInterfaces()).flat().filter((entry) =>
    entry?.family === "IPv4" && !entry.internal
  );
  assertEquals(everywhere.match(/For other machines: /g)?.length ?? 0, others.length);
});

test("a figure is measured only while somebody is subscribed", async () => {
  let starts = 0;
  const measure = () => {
    starts++;
    return () => ({ starts });
  };
  const server = new FoxgloveServer();
  const schema = { name: "demo.Starts", encoding: "jsonschema", data: { type: "object" } };
  const station = new Station(server, { figures: [{ topic: "/starts", schema, hertz: 100, measure }] });
  const [serverEnd, clientEnd] = linkedTransports();
  server.accept(serverEnd);
  const client = await connect(clientEnd);
  assertEquals(starts, 0);
  for (const expected of [1, 2]) {
    const unsubscribed = new Promise((resolve) => server.on("unsubscribe", resolve));
    for await (const { value } of client.subscribe("/starts")) {
      assertEquals(value, { starts: expected });
      break;
    }
    await unsubscribed;
  }
  assertGreaterOrEqual(station.totals.messages, 2);
  assertEquals(station.totals.channels, 1);
  station.stop();
  await client.close();
  await server.close();
});

test("the log says who subscribes to what", async () => {
  const server = new FoxgloveServer();
  const station = new Station(server, { figures: [] });
  const [serverEnd, clientEnd] = linkedTransports();
  server.accept(serverEnd);
  const client = await connect(clientEnd);
  const { value } = await client.subscribe<LogMessage>("/log").next();
  assertEquals(value?.value?.message, "Client 1 subscribed to /log");
  station.stop();
  await client.close();
  await server.close();
});
