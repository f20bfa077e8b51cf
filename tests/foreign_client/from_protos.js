// The API as the .proto files describe it.
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

// keepCase: descriptors know fields by their names in the protos, so both ways speak of ticket_id.
export const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

export function fromProtos(folder) {
  const definition = protoLoader.loadSync("switchyard/v1/intake.proto", { ...OPTIONS, includeDirs: [folder] });
  return grpc.loadPackageDefinition(definition).switchyard.v1;
}
