// A stand-in for Pulumi's AWS provider: the provider protocol over gRPC, before a small strict cloud in a folder.
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { Cloud, Refusal } from "./cloud.ts";
import { injectedFailure, standInDelay } from "./faults.ts";
import { account, kindOf, type Values } from "./kinds.ts";

const require = createRequire(import.meta.url);
const rpc = require("@pulumi/pulumi/proto/provider_pb.js");
const plugin = require("@pulumi/pulumi/proto/plugin_pb.js");
const services = require("@pulumi/pulumi/proto/provider_grpc_pb.js");

/** A request of the protocol; the SDK ships its code without useful types. */
// biome-ignore lint/suspicious/noExplicitAny: generated code without types
type Message = any;
type Reply = (error: grpc.ServiceError | null, answer?: Message) => void;

const cloud = new Cloud(process.env.STAND_IN_CLOUD ?? "/nonexistent");
let region = "us-east-1";

const handlers: Readonly<Record<string, (request: Message) => Promise<Message> | Message>> = {
  getPluginInfo: () => new plugin.PluginInfo().setVersion(process.argv[2] ?? "0.0.0"),
  checkConfig: (request) => new rpc.CheckResponse().setInputs(request.getNews()),
  diffConfig: () => new rpc.DiffResponse().setChanges(rpc.DiffResponse.DiffChanges.DIFF_NONE),
  configure(request) {
    region = request.getVariablesMap().get("aws:config:region") ?? region;
    return new rpc.ConfigureResponse();
  },
  check,
  diff,
  create,
  read,
  update,
  delete: remove,
  invoke,
  cancel: () => new empty.Empty(),
};

function check(request: Message): Message {
  const type = typeOf(request.getUrn());
  const inputs = { ...valuesOf(request.getNews()) };
  const olds = valuesOf(request.getOlds());
  const { nameInput } = kindOf(type);
  if (nameInput && inputs[nameInput.input] === undefined)
    inputs[nameInput.input] = olds[nameInput.input] ?? madeUpName(request);
  const failures = cloud.malformed(type, inputs).map(({ property, reason }) => {
    return new rpc.CheckFailure().setProperty(property).setReason(reason);
  });
  return new rpc.CheckResponse().setInputs(structOf(inputs)).setFailuresList(failures);
}

/** The resource's name with a random end, as the real provider makes it up. */
function madeUpName(request: Message): string {
  const name = request.getUrn().split("::").at(-1);
  const seed = createHash("sha256").update(request.getRandomseed_asU8()).digest("hex");
  return `${name}-${seed.slice(0, 7)}`;
}

function diff(request: Message): Message {
  const type = typeOf(request.getUrn());
  const olds = valuesOf(request.getOldInputs());
  const news = valuesOf(request.getNews());
  const ignored = new Set<string>(request.getIgnorechangesList());
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => !key.startsWith("__") && !ignored.has(key) && !isDeepStrictEqual(olds[key], news[key]),
  );
  const replaces = changed.filter((key) => kindOf(type).replacing?.includes(key));
  const { DIFF_SOME, DIFF_NONE } = rpc.DiffResponse.DiffChanges;
  return new rpc.DiffResponse()
    .setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(changed)
    .setReplacesList(replaces);
}

async function create(request: Message): Promise<Message> {
  const type = typeOf(request.getUrn());
  await called("create", type);
  const inputs = valuesOf(request.getProperties());
  const thing = cloud.create(type, request.getUrn().split("::").at(-1), inputs, String(inputs.region ?? region));
  return new rpc.CreateResponse().setId(thing.id).setProperties(structOf(thing.outputs));
}

async function read(request: Message): Promise<Message> {
  const type = typeOf(request.getUrn());
  await called("read", type);
  const thing = cloud.find(type, request.getId());
  if (!thing) return new rpc.ReadResponse();
  return new rpc.ReadResponse()
    .setId(thing.id)
    .setProperties(structOf(thing.outputs))
    .setInputs(structOf(thing.inputs));
}

async function update(request: Message): Promise<Message> {
  const type = typeOf(request.getUrn());
  await called("update", type);
  const thing = cloud.update(type, request.getId(), valuesOf(request.getNews()));
  return new rpc.UpdateResponse().setProperties(structOf(thing.outputs));
}

async function remove(request: Message): Promise<Message> {
  const type = typeOf(request.getUrn());
  await called("delete", type);
  cloud.delete(type, request.getId());
  return new empty.Empty();
}

function invoke(request: Message): Message {
  const answers: Readonly<Record<string, Values>> = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
      id: region,
      names: ["a", "b", "c"].map((zone) => `${region}${zone}`),
    },
    "aws:index/getCallerIdentity:getCallerIdentity": { id: account, accountId: account },
  };
  const answer = answers[request.getTok()];
  if (!answer) throw new Refusal(`no function ${request.getTok()}`);
  return new rpc.InvokeResponse().setReturn(structOf(answer));
}

/** Notes a call, waits where the stand-in is slow, and fails where it was told to. */
async function called(method: string, type: string): Promise<void> {
  const journal = process.env.STAND_IN_JOURNAL;
  if (journal) appendFileSync(journal, `${method} ${type} ${region}\n`);
  if (method !== "read") await sleep(standInDelay());
  const failure = injectedFailure(method, type);
  if (failure) throw new Refusal(failure);
}

function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function valuesOf(message: Message): Values {
  return message ? (message.toJavaScript() as Values) : {};
}

/** Nothing undefined may stand in a struct. */
function structOf(values: Values): Message {
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(values)));
}

function method(name: string, handle: (request: Message) => Promise<Message> | Message) {
  return async (call: { request: Message }, reply: Reply) => {
    try {
      reply(null, await handle(call.request));
    } catch (error) {
      const { message } = error as Error;
      const code = error instanceof Refusal ? grpc.status.INVALID_ARGUMENT : grpc.status.INTERNAL;
      reply(Object.assign(new Error(message), { name, code, details: message, metadata: new grpc.Metadata() }));
    }
  };
}

const server = new grpc.Server();
server.addService(
  services.ResourceProviderService,
  Object.fromEntries(Object.entries(handlers).map(([name, handle]) => [name, method(name, handle)])),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
