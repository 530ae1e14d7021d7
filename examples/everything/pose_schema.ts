/**
 * The protobuf schema `foxglove.PoseInFrame`: a FileDescriptorSet of its file and of all that it imports, each file behind
 * its imports. Build tools make one of `.proto` files (`protoc --include_imports --descriptor_set_out`); here it is made
 * as the program runs, so that there is nothing to build.
 */
import { createFileRegistry, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { file_google_protobuf_timestamp as TIMESTAMP_FILE } from "@bufbuild/protobuf/wkt";
import type { ChannelSchema } from "@foxwire/foxwire/server";

/** A message in protobuf's own JSON form. */
export type PoseInFrame = {
  /** As `Date.toISOString()` gives it. */
  timestamp: string;
  frameId: string;
  pose: {
    position: { x: number; y: number; z: number };
    orientation: { x: number; y: number; z: number; w: number };
  };
};

const NAME = "foxglove.PoseInFrame";

const FILES = fromJson(FileDescriptorSetSchema, {
  file: [
    file("Quaternion", { x: "double", y: "double", z: "double", w: "double" }),
    file("Vector3", { x: "double", y: "double", z: "double" }),
    file("Pose", { position: ".foxglove.Vector3", orientation: ".foxglove.Quaternion" }, [
      "foxglove/Quaternion.proto",
      "foxglove/Vector3.proto",
    ]),
    toJson(FileDescriptorProtoSchema, TIMESTAMP_FILE.proto),
    file("PoseInFrame", { timestamp: ".google.protobuf.Timestamp", frame_id: "string", pose: ".foxglove.Pose" }, [
      "foxglove/Pose.proto",
      "google/protobuf/timestamp.proto",
    ]),
  ],
});
const MESSAGE = createFileRegistry(FILES).getMessage(NAME)!;

export const POSE_SCHEMA: ChannelSchema = {
  name: NAME,
  encoding: "protobuf",
  data: toBinary(FileDescriptorSetSchema, FILES),
};

export function encodePose(pose: PoseInFrame): Uint8Array {
  return toBinary(MESSAGE, fromJson(MESSAGE, pose));
}

/** A file with one message, whose fields are numbered from 1. A type with a dot is that of another message. */
function file(name: string, fields: Record<string, string>, dependency: string[] = []) {
  const field = Object.entries(fields).map(([name, type], index) => ({
    name,
    number: index + 1,
    label: "LABEL_OPTIONAL",
    ...(type.startsWith(".") ? { type: "TYPE_MESSAGE", typeName: type } : { type: `TYPE_${type.toUpperCase()}` }),
    jsonName: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  }));
  const path = `foxglove/${name}.proto`;
  return { name: path, package: "foxglove", dependency, messageType: [{ name, field }], syntax: "proto3" };
}
