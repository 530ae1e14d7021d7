/** A CommonJS program of a user who installed the package: Node 20.19 and later let it require ES modules. */
const { connect } = require("@foxwire/foxwire/client");
const { webSocket } = require("@foxwire/foxwire/node");
const { serve } = require("@foxwire/foxwire/server");

async function main() {
  const server = await serve({ name: "robot", port: 0 });
  const client = await connect(server.url, { webSocket });
  if (client.serverInfo.name !== "robot") throw new Error(`Wrong name: ${client.serverInfo.name}`);
  await client.close();
  await server.close();
}

main();
