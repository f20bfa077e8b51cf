// The API as a running server describes it: no .proto file of Switchyard is read.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { OPTIONS } from "./from_protos.js";

const REFLECTION = fileURLToPath(new URL("./reflection.proto", import.meta.url));

export async function fromReflection(address) {
  const reflection = grpc.loadPackageDefinition(protoLoader.loadSync(REFLECTION, OPTIONS)).grpc.reflection.v1alpha;
  const client = new reflection.ServerReflection(address, grpc.credentials.createInsecure());
  try {
    const listed = (await ask(client, { list_services: "" })).list_services_response.service.map((one) => one.name);
    const files = new Map();
    for (const service of listed.filter((name) => name.startsWith("switchyard."))) {
      await collect(client, { file_containing_symbol: service }, files);
    }
    const set = Buffer.concat([...files.values()].flatMap((file) => [Buffer.from([0x0a]), varint(file.length), file]));
    const definition = protoLoader.loadFileDescriptorSetFromBuffer(set, OPTIONS);
    return { services: listed, api: grpc.loadPackageDefinition(definition).switchyard.v1 };
  } finally {
    client.close();
  }
}

// A file with all that it imports, each once, by name.
async function collect(client, request, files) {
  const answer = await ask(client, request);
  for (const file of answer.file_descriptor_response.file_descriptor_proto) {
    files.set(strings(file, 1)[0], file);
  }
  for (const file of answer.file_descriptor_response.file_descriptor_proto) {
    for (const name of strings(file, 3)) {
      if (!files.has(name)) await collect(client, { file_by_filename: name }, files);
    }
  }
}

function ask(client, request) {
  return new Promise((resolve, reject) => {
    const call = client.ServerReflectionInfo({ deadline: Date.now() + 10_000 });
    call.on("data", (answer) =>
      answer.error_response ? reject(new Error(answer.error_response.error_message)) : resolve(answer),
    );
    call.on("error", reject);
    call.write(request);
    call.end();
  });
}

// Values of a string field at the top level of an encoded message (google.protobuf.FileDescriptorProto: name is
// field 1, dependency field 3).
function strings(message, field) {
  const found = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    if ((tag & 7) === 0) number();
    else if ((tag & 7) === 2) {
      const length = number();
      if (tag >> 3 === field) found.push(message.toString("utf8", at, at + length));
      at += length;
    } else throw new Error(`wire type ${tag & 7} is not expected in a file descriptor`);
  }
  return found;
}

function varint(value) {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
