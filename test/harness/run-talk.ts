// Runs a talk: sets the scene, does its steps in order, and at the end wants nothing left unread.

import { authenticate } from "../../xmpp/client/negotiate.ts";
import { UNOWNED } from "../../xmpp/management/handled.ts";
import type { Actor } from "./actor.ts";
import { Client } from "./client.ts";
import { NothingCame, type Received } from "./inbox.ts";
import { turns } from "./manual-clock.ts";
import { type Captures, match, substitute } from "./match.ts";
import { showItem } from "./negotiable.ts";
import { type Pattern, parsePattern } from "./pattern.ts";
import { PeerWire } from "./peer-wire.ts";
import { Scene } from "./scene.ts";
import { PASSWORD } from "./scene-server.ts";
import type { Expectation, Step, Talk, TalkCase } from "./talk.ts";

/** A talk that went otherwise than written. */
export class TalkFailure extends Error {
  override name = "TalkFailure";
}

/** Runs one case of a talk. @throws TalkFailure with the difference and the transcript */
export async function runTalk(talk: Talk, one: TalkCase, scene = new Scene()): Promise<void> {
  const runner = new Runner(scene);
  let line = 1;
  try {
    for (const step of one.steps) {
      line = step.line;
      await runner.step(step);
    }
    line = one.steps.at(-1)?.line ?? 1;
    await runner.finish();
    if (scene.servers.some((server) => server.log.some((text) => text.includes(UNOWNED)))) throw new Error(UNOWNED);
  } catch (error) {
    throw new TalkFailure(report(talk, line, error as Error, scene));
  } finally {
    await scene.stop();
  }
}

function report({ file, title }: Talk, line: number, error: Error, scene: Scene): string {
  const log = scene.servers.flatMap((server) => server.log.slice(-15)).join("");
  const known = error instanceof Unexpected || error instanceof NothingCame;
  const what = known || process.env.TALK_STACK === undefined ? error.message : (error.stack ?? error.message);
  return `${file}:${line}: ${title}\n\n${what}\n\nTranscript (> to the server, < from it):\n${scene.transcript.show()}\n\nServer's log:\n${log}`;
}

/** Something else came, or something that no line expects. */
class Unexpected extends Error {}

class Runner {
  private readonly scene: Scene;
  private captures: Captures = new Map();
  /** Whose connection the talk dropped itself: it is closed without being told. */
  private readonly cut = new Set<string>();

  constructor(scene: Scene) {
    this.scene = scene;
  }

  async step(step: Step): Promise<void> {
    const { scene } = this;
    if (scene.prepare(step)) return;
    await scene.start();
    switch (step.do) {
      case "client":
        this.nothingUnread(step.name);
        this.cut.delete(step.name);
        return scene.client(step.name, this.fill(step.jid), step.options);
      case "wire":
        this.nothingUnread(step.name);
        return scene.wire(step.name, step.peer, step.way, step.options);
      case "clock":
        await scene.sync();
        return scene.clock.advance(step.ms);
      case "asked":
        return scene.dns.waitAsked(step.name);
      case "send":
        return this.actor(step.who).send(this.fill(step.text));
      case "drip":
        return this.drip(step.who, this.fill(step.text));
      case "bytes":
        return this.actor(step.who).sendBytes(step.bytes);
      case "expect":
        await this.expect(step);
        return scene.settle();
      case "any order":
        return this.anyOrder(step.expectations);
      case "quiet":
        return this.quiet(step.who, step.through);
      case "closed":
        return this.ended(step.who);
      case "error":
        return this.streamError(step.who, step.condition);
      case "authenticate":
        return this.authenticate(step);
      case "open":
        return this.open(step.who, step.options.get("id") ?? "s1");
      case "close":
        return this.actor(step.who).close();
      case "cut":
        return this.drop(step.who);
      case "down":
        return scene.peers.get(step.domain)?.down();
      case "store":
        return scene.serverOf(step.domain).store.set(step.operation, step.state);
      case "drain":
        scene.drain(step.domain, step.node);
    }
  }

  /** Everything has arrived, and everything that arrived was expected. */
  async finish(): Promise<void> {
    const { scene } = this;
    await scene.start();
    const problem = await scene.sync().catch((error: Error) => error);
    for (const name of scene.actors.keys()) this.nothingUnread(name);
    if (problem !== undefined) throw problem;
  }

  private nothingUnread(name: string): void {
    const unread = this.scene.actors.get(name)?.inbox.unread ?? [];
    if (unread.length > 0) throw new Unexpected(`${name}: unexpected ${unread.map(showItem).join("\n  and ")}`);
  }

  private async expect({ who, text }: Expectation): Promise<void> {
    const actor = this.actor(who);
    const pattern = parsePattern(this.fill(text), actor.ns);
    const item = await this.next(actor, text);
    const difference = this.take(pattern, item, actor);
    if (difference !== undefined)
      throw new Unexpected(`${who}: ${difference}\n  expected ${text}\n  got      ${showItem(item)}`);
    if (actor instanceof Client && item.kind === "element") noteBinding(actor, item);
  }

  /** Undefined where the item fits, its captures kept; else the difference. */
  private take(pattern: Pattern, item: Received, actor: Actor): string | undefined {
    if (pattern.kind !== item.kind) return `expected ${nameOf(pattern)}, got ${showItem(item)}`;
    if (pattern.kind === "close" || (item.kind !== "open" && item.kind !== "element")) return undefined;
    const result = match(pattern.element, item.node, this.captures, actor.receiver);
    if ("difference" in result) return result.difference;
    this.captures = result.captures;
    return undefined;
  }

  /** Each item is given to the first expectation that it fits. */
  private async anyOrder(expectations: readonly Expectation[]): Promise<void> {
    const open = [...expectations];
    while (open.length > 0) {
      const { who } = open[0] as Expectation;
      const actor = this.actor(who);
      const item = await this.next(actor, open.map(({ text }) => text).join("\n  or "));
      const own = open.filter((one) => one.who === who);
      const differences: string[] = [];
      const fits = own.find(({ text }) => {
        const difference = this.take(parsePattern(this.fill(text), actor.ns), item, actor);
        if (difference !== undefined) differences.push(difference);
        return difference === undefined;
      });
      if (fits === undefined)
        throw new Unexpected(
          `${who}: none of the expected came:\n  ${differences.join("\n  ")}\n  got ${showItem(item)}`,
        );
      open.splice(open.indexOf(fits), 1);
    }
  }

  private async next(actor: Actor, wanted: string): Promise<Received> {
    try {
      return await actor.inbox.next();
    } catch (error) {
      if (error instanceof NothingCame) throw new NothingCame(`${actor.name}: ${error.message}\n  expected ${wanted}`);
      throw error;
    }
  }

  private async quiet(who: string, through: string | undefined): Promise<void> {
    const actor = this.actor(who);
    await this.scene.sync(actor);
    if (through !== undefined) await this.through(through);
    const problem = await actor.barrier().catch((error: Error) => error);
    this.nothingUnread(who);
    if (problem !== undefined) throw problem;
  }

  /** Every client asks a domain of another server, so that what went there before has arrived. */
  private async through(domain: string): Promise<void> {
    for (const actor of this.scene.actors.values())
      if (actor instanceof Client && actor.live) await actor.barrier(domain);
  }

  /** A client sends a header and reads the server's with its features; an impersonated server answers one. */
  private async open(who: string, id: string): Promise<void> {
    const actor = this.actor(who);
    if (actor instanceof PeerWire) await actor.answerHeader(id);
    else await this.client(who).openStream();
  }

  /** Drops a connection; that the server was about to end it itself is no surprise. */
  private drop(who: string): void {
    const actor = this.actor(who);
    this.cut.add(who);
    actor.cut();
    actor.inbox.drop(({ kind }) => kind === "close" || kind === "end");
  }

  private async ended(who: string): Promise<void> {
    if (this.cut.has(who)) return this.nothingUnread(who);
    const item = await this.next(this.actor(who), "the end of the connection");
    if (item.kind !== "end") throw new Unexpected(`${who}: expected the end of the connection, got ${showItem(item)}`);
  }

  /** The error, the end of the stream, the end of the connection. RFC 6120 §4.9.1.1. */
  private async streamError(who: string, condition: string | undefined): Promise<void> {
    const inner = condition === undefined ? "" : `<${condition}>{...}</${condition}>`;
    const text = `<stream:error>${inner}{...}</stream:error>`;
    await this.expect({ line: 0, who, text });
    await this.expect({ line: 0, who, text: "</stream:stream>" });
    await this.ended(who);
  }

  private async authenticate({ who, mechanism, options }: Extract<Step, { do: "authenticate" }>): Promise<void> {
    const client = this.client(who);
    const { plan } = client;
    const fails = options.get("fails");
    const attempt = authenticate(client.stream(), mechanism, {
      user: options.get("user") ?? plan.login.user,
      password: options.get("password") ?? PASSWORD,
      authzid: options.get("authzid"),
      binding: options.get("binding"),
      gs2: options.get("gs2"),
    });
    if (fails === undefined) return attempt;
    const problem = await attempt.then(
      () => "success",
      (error: Error) => error.message,
    );
    if (!problem.endsWith(`: ${fails}`)) throw new Unexpected(`${who}: expected ${fails}, got ${problem}`);
  }

  /** Byte by byte, each its own packet as far as that can be had. */
  private async drip(who: string, text: string): Promise<void> {
    for (const byte of Buffer.from(text)) {
      this.actor(who).sendBytes(Uint8Array.of(byte));
      await turns(1);
    }
  }

  private actor(who: string): Actor {
    const actor = this.scene.actors.get(who);
    if (actor === undefined) throw new Error(`nobody is called ${who}`);
    return actor;
  }

  private client(who: string): Client {
    const actor = this.actor(who);
    if (!(actor instanceof Client)) throw new Error(`${who} is no client`);
    return actor;
  }

  /** Captured values, and `{repeat N text}`. */
  private fill(text: string): string {
    return substitute(text, this.captures).replace(/\{repeat (\d+) ([^{}]+)\}/g, (_, count: string, piece: string) =>
      piece.repeat(Number(count)),
    );
  }
}

/** A talk that binds by hand has a session from then on. */
function noteBinding(client: Client, item: Extract<Received, { kind: "element" }>): void {
  const jid = /<jid>([^<]+)<\/jid>/.exec(showItem(item))?.[1];
  if (item.node.name === "iq" && item.node.attributes.get("type") === "result" && jid !== undefined) client.bound(jid);
}

function nameOf(pattern: Pattern): string {
  return pattern.kind === "close" ? "the end of the stream" : `<${pattern.element.name}/>`;
}
