// The cloud behind the stand-in: what there is, in one file for all its processes, and what AWS would refuse.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contains, overlap, parseCidr } from "../../../regions/cidr.ts";
import { account, kindOf, type Values } from "./kinds.ts";
import { inputSchema } from "./schema.ts";

/** One thing that exists. */
export interface Thing {
  readonly type: string;
  readonly id: string;
  readonly region: string;
  readonly inputs: Values;
  readonly outputs: Values;
}

/** What AWS refuses. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** The engine's word for a value that is not known yet. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Everything that exists, kept in a folder: a file for each thing, so that concurrent calls do not meet. */
export class Cloud {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  all(): Thing[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => this.read(name) ?? []);
  }

  find(type: string, id: string): Thing | undefined {
    return this.read(fileName(type, id));
  }

  put(thing: Thing): void {
    const file = join(this.folder, fileName(thing.type, thing.id));
    writeFileSync(`${file}.new`, JSON.stringify(thing));
    renameSync(`${file}.new`, file);
  }

  /** @throws Refusal */
  create(type: string, name: string, inputs: Values, region: string): Thing {
    this.refuse(type, undefined, inputs);
    const kind = kindOf(type);
    const seed = createHash("sha256").update(`${type} ${name} ${region} ${Date.now()} ${Math.random()}`).digest("hex");
    const label = String(inputs[kind.nameInput?.input ?? "name"] ?? `${name}-${seed.slice(0, 7)}`);
    const arn = `arn:aws:${type.split(":")[1]?.split("/")[0]}:${region}:${account}:${type.split(":")[2]}/${label}`;
    const id = kind.prefix ? `${kind.prefix}-${seed.slice(0, 17)}` : idFrom(kind.idFrom, label, arn, seed);
    if (this.find(type, id)) throw new Refusal(`${type}: ${id} exists already`);
    const thing = { type, id, region, inputs, outputs: this.outputs(type, id, arn, label, inputs, region) };
    this.put(thing);
    return thing;
  }

  /** @throws Refusal */
  update(type: string, id: string, inputs: Values): Thing {
    const before = this.find(type, id);
    if (!before) throw new Refusal(`${type}: ${id} does not exist`);
    this.refuse(type, id, inputs);
    const thing = { ...before, inputs, outputs: { ...before.outputs, ...inputs } };
    this.put(thing);
    return thing;
  }

  /** @throws Refusal while something else uses it, or it is protected */
  delete(type: string, id: string): void {
    const thing = this.find(type, id);
    if (!thing) return;
    for (const key of ["deletionProtection", "enableDeletionProtection", "deletionProtectionEnabled"])
      if (thing.inputs[key] === true) throw new Refusal(`${type}: ${id} is protected by ${key}`);
    const own = new Set([id, String(thing.outputs.arn)]);
    const user = this.all().find(
      (other) => other.id !== id && textsOf(other.inputs).some((text) => own.has(text) && isReference(text)),
    );
    if (user) throw new Refusal(`DependencyViolation: ${type} ${id} is used by ${user.type} ${user.id}`);
    rmSync(join(this.folder, fileName(type, id)), { force: true });
  }

  /** What of the inputs AWS would refuse whatever else exists. */
  malformed(type: string, inputs: Values): { property: string; reason: string }[] {
    const schema = inputSchema(type);
    if (!schema) return [{ property: "", reason: `no type ${type}` }];
    const { nameInput } = kindOf(type);
    const label = nameInput && inputs[nameInput.input];
    return [
      ...Object.keys(inputs)
        .filter((key) => !schema.known.has(key) && !key.startsWith("__"))
        .map((property) => ({ property, reason: `${type} has no input ${property}` })),
      ...schema.required
        .filter((key) => inputs[key] === undefined || inputs[key] === null)
        .map((property) => ({ property, reason: `${type} needs ${property}` })),
      ...(nameInput && typeof label === "string" && label !== unknown && label.length > nameInput.most
        ? [{ property: nameInput.input, reason: `${label} is longer than ${nameInput.most} characters` }]
        : []),
    ];
  }

  private refuse(type: string, id: string | undefined, inputs: Values): void {
    const [problem] = this.malformed(type, inputs);
    if (problem) throw new Refusal(`ValidationException: ${problem.reason}`);
    const things = this.all();
    const known = new Set(things.flatMap((thing) => [thing.id, String(thing.outputs.arn)]));
    for (const text of textsOf(inputs))
      if (isReference(text) && !known.has(text)) throw new Refusal(`${type}: ${text} does not exist`);
    if (type === "aws:ec2/subnet:Subnet") refuseOverlap(things, id, inputs);
    if (type === "aws:ecs/service:Service") refuseUnlistened(things, inputs);
  }

  private outputs(type: string, id: string, arn: string, label: string, inputs: Values, region: string): Values {
    const kind = kindOf(type);
    const named = kind.nameInput ? { [kind.nameInput.input]: label } : {};
    const answers = kind.answers?.({ id, inputs: { ...inputs, ...named }, region }) ?? {};
    return { ...inputs, ...named, arn, ...answers };
  }

  private read(name: string): Thing | undefined {
    try {
      return JSON.parse(readFileSync(join(this.folder, name), "utf8")) as Thing;
    } catch {
      return undefined;
    }
  }
}

/** Every text within a value; policies and container definitions (JSON) are looked into as well. */
export function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(textsOf);
  return typeof value === "string" ? [value] : [];
}

/** Whether a text is an id or ARN that only the stand-in can have given. */
function isReference(text: string): boolean {
  return (
    /^(vpc|subnet|igw|eigw|rtb|nat|eipalloc|sg|lt|vpce)-[0-9a-f]{17}$/.test(text) ||
    (new RegExp(`^arn:aws:[a-z0-9]+:[a-z0-9-]+:${account}:[A-Za-z]+/[^*]+$`).test(text) &&
      !text.includes("secret:rds!"))
  );
}

function refuseOverlap(things: readonly Thing[], id: string | undefined, inputs: Values): void {
  const range = parseCidr(String(inputs.cidrBlock));
  const vpc = things.find((thing) => thing.id === inputs.vpcId);
  const whole = parseCidr(String(vpc?.inputs.cidrBlock));
  if (!range || !whole || !contains(whole, range)) throw new Refusal(`InvalidSubnet.Range: ${inputs.cidrBlock}`);
  for (const other of things) {
    if (other.type !== "aws:ec2/subnet:Subnet" || other.id === id || other.inputs.vpcId !== inputs.vpcId) continue;
    const taken = parseCidr(String(other.inputs.cidrBlock));
    if (taken && overlap(taken, range)) throw new Refusal(`InvalidSubnet.Conflict: ${inputs.cidrBlock}`);
  }
}

/** ECS registers with a target group only when a listener sends to it. */
function refuseUnlistened(things: readonly Thing[], inputs: Values): void {
  const listened = new Set(
    things.filter((thing) => thing.type === "aws:lb/listener:Listener").flatMap((thing) => textsOf(thing.inputs)),
  );
  for (const balancer of (inputs.loadBalancers ?? []) as { targetGroupArn: string }[])
    if (!listened.has(balancer.targetGroupArn))
      throw new Refusal(`InvalidParameterException: ${balancer.targetGroupArn} has no load balancer`);
}

function idFrom(from: "name" | "arn" | undefined, label: string, arn: string, seed: string): string {
  if (from === "arn") return arn;
  return from === "name" ? label : `${label}-${seed.slice(0, 8)}`;
}

function fileName(type: string, id: string): string {
  return `${createHash("sha256").update(`${type} ${id}`).digest("hex").slice(0, 32)}.json`;
}
