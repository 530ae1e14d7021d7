/** Assets: `package://everything/robot.urdf`, a small robot; `package://everything/huge.bin`, 8 MiB, byte i = i mod 251. */
import type { FoxgloveServer } from "@foxwire/foxwire/server";

const HUGE_BYTES = 8 * 1024 * 1024;

const ROBOT = `<?xml version="1.0"?>
<robot name="everything">
  <link name="base">
    <visual>
      <geometry><box size="0.4 0.3 0.1"/></geometry>
    </visual>
  </link>
  <link name="arm">
    <visual>
      <origin xyz="0 0 0.25"/>
      <geometry><cylinder radius="0.03" length="0.5"/></geometry>
    </visual>
  </link>
  <joint name="shoulder" type="revolute">
    <parent link="base"/>
    <child link="arm"/>
    <origin xyz="0 0 0.05"/>
    <axis xyz="0 1 0"/>
    <limit lower="-1.57" upper="1.57" effort="10" velocity="1"/>
  </joint>
</robot>
`;

/** What makes each of them, when it is asked for. */
const ASSETS = new Map<string, () => Uint8Array>([
  ["package://everything/robot.urdf", () => new TextEncoder().encode(ROBOT)],
  ["package://everything/huge.bin", hugeBytes],
]);

/** What the handler does not give is not found. */
export function addAssets(server: FoxgloveServer): void {
  server.asset((uri) => ASSETS.get(uri)?.());
}

function hugeBytes(): Uint8Array {
  const bytes = new Uint8Array(HUGE_BYTES);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 251;
  return bytes;
}
