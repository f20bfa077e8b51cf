// What a helpdesk in Node does: submits, triages, watches, resumes. Prints what came back as one JSON object.
//
//   node client.js protos     ADDRESS TENANT FOLDER_OF_PROTOS
//   node client.js reflection ADDRESS TENANT
import grpc from "@grpc/grpc-js";
import { fromProtos } from "./from_protos.js";
import { fromReflection } from "./from_reflection.js";

const SECONDS = 30;
const DETAILS = "grpc-status-details-bin";

const [how, address, tenant, folder] = process.argv.slice(2);
const { api, services } =
  how === "reflection" ? await fromReflection(address) : { api: fromProtos(folder), services: [] };
const intake = new api.TicketIntakeService(address, grpc.credentials.createInsecure());

const deadline = () => ({ deadline: Date.now() + SECONDS * 1000 });

function call(method, request) {
  return new Promise((resolve, reject) => {
    intake[method](request, deadline(), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

async function refusal(method, request) {
  try {
    await call(method, request);
  } catch (error) {
    return {
      code: grpc.status[error.code],
      details: error.details,
      hasStatusDetails: error.metadata.get(DETAILS).some((value) => value.length > 0),
    };
  }
  throw new Error(`${method} was not refused`);
}

// Decisions from a token on, until `enough` says so of all that were seen.
function watch(resumeToken, enough, opened = () => {}) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const stream = intake.watchDecisions({ tenant, resume_token: resumeToken }, deadline());
    stream.on("data", (response) => {
      opened();
      if (response.decision) {
        seen.push({ ...response.decision, resume_token: response.resume_token });
        if (enough(seen)) {
          stream.cancel();
          resolve(seen);
        }
      }
    });
    stream.on("error", (error) => error.code === grpc.status.CANCELLED || reject(error));
    stream.on("end", () => reject(new Error(`the stream ended after ${seen.length} decisions`)));
  });
}

// protobufjs reads a map that it knows from a descriptor as what it is on the wire: a list of entries.
const asMap = (attributes) =>
  how === "reflection" ? Object.entries(attributes).map(([key, value]) => ({ key, value })) : attributes;
const fromMap = (attributes) =>
  how === "reflection" ? Object.fromEntries(attributes.map(({ key, value }) => [key, value])) : attributes;

const message = (ticket, id, text, more = {}) => ({ ticket_id: ticket, message_id: id, text, ...more });

let watching;
await new Promise((opened, failed) => {
  watching = watch("", (seen) => seen.length === 4, opened);
  watching.catch(failed);
});
const first = message("N-1", "m1", "Where is my order 10293? It should have come on Monday.", {
  channel: "CHANNEL_EMAIL",
  sent_at: { seconds: Math.floor(Date.now() / 1000) - 60, nanos: 0 },
  attributes: asMap({ source: "node" }),
});
const submitted = await call("submitMessage", { tenant, message: first });
const again = await call("submitMessage", { tenant, message: first });
const batch = await call("submitMessages", {
  tenant,
  messages: [message("N-1", "m2", "Any news?"), message("N-1", "m3", " "), message("N-2", "m1", "Thank you all!")],
});
const triaged = await call("triage", { tenant, message: message("N-3", "m1", "Grüße! My parcel is broken 😡 – refund?") });
const decisions = await watching;
const resumed = await watch(decisions[0].resume_token, (seen) => seen.length === 3);
const ticket = await call("getTicket", { tenant, ticket_id: "N-1" });
for (const entry of ticket.entries) entry.message.attributes = fromMap(entry.message.attributes);
const conflict = await refusal("submitMessage", { tenant, message: { ...first, text: "Something else." } });
const invalid = await refusal("submitMessage", { tenant, message: message("N 4", "m1", "") });
const stranger = await refusal("submitMessage", { tenant: "nobody-here", message: first });

const report = {
  services, submitted, again, batch, triaged, decisions, resumed, ticket, conflict, invalid, stranger,
};
process.stdout.write(JSON.stringify(report));
intake.close();
