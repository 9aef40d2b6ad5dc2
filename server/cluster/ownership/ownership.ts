// Owners of keys over the members of a region: who asks meets who owns, over the bus, whoever comes, goes or dies.
import type { Logger } from "pino";
import type { Clock } from "../../../xmpp/clock.ts";
import { logFailure } from "../../observe/failure.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import type { OwnedKind, OwnerRequest, Owners, Ownership } from "../../ports/owned.ts";
import { Asker } from "./asker.ts";
import { Epochs } from "./epochs.ts";
import { KindMembers } from "./kind-members.ts";
import { type Outcome, Owner } from "./owner.ts";
import type { Terms } from "./terms.ts";

/** ms until an answer for which there was no room is told again. */
const PAUSE = 50;

/** What ownership rests on. */
export interface OwnershipParts {
  readonly bus: NodeBus;
  readonly terms: Terms;
  readonly clock: Clock;
  readonly log: Logger;
  /** True while this node may have been taken for dead without knowing. */
  readonly fenced: () => boolean;
  /** True for a member that is gone for good. @throws where nobody answers */
  readonly isGone: (member: string) => Promise<boolean>;
}

/**
 * One node's part. Frames: `owned.ask` (number, name, then id and text of each request) is confirmed as it is taken;
 * `owned.answer` (number, then outcome and text of each) says what became of it. `owned.yield` (name, epoch) is confirmed
 * when the key is free. `owned.tell` (kind, key, epoch, text) is an owner's word.
 */
export class MemberOwnership implements Ownership {
  private readonly parts: OwnershipParts;
  private readonly bus: NodeBus;
  private readonly members: KindMembers;
  private readonly owner: Owner;
  private readonly asker: Asker;
  private readonly kinds = new Map<string, OwnedKind>();
  private readonly epochs = new Epochs();
  private self: string;

  constructor(parts: OwnershipParts) {
    const { bus, terms, clock, log, fenced, isGone } = parts;
    this.parts = parts;
    this.bus = bus;
    this.self = bus.member;
    this.members = new KindMembers(bus, clock);
    const member = () => bus.member;
    this.owner = new Owner({
      terms,
      clock,
      log,
      member,
      fenced,
      isGone,
      askToYield: (other, name, epoch) => this.askToYield(other, name, epoch),
      tell: (other, name, epoch, text) => this.tell(other, name, epoch, text),
    });
    this.asker = new Asker({
      clock,
      member,
      memberOf: (name) => this.members.of(...partsOf(name)),
      give: (other, number, name, requests) => this.give(other, number, name, requests),
    });
    this.listen();
  }

  kind(kind: OwnedKind): Owners {
    if (this.kinds.has(kind.name)) throw new Error(`keys of kind ${kind.name} are somebody's already`);
    this.kinds.set(kind.name, kind);
    this.members.add(kind.name);
    return {
      ask: (key, text) => {
        this.know();
        return this.asker.ask(`${kind.name} ${key}`, text);
      },
      memberOf: (key) => this.members.of(kind.name, key),
      withdraw: () => {
        if (this.kinds.get(kind.name) === kind) {
          this.kinds.delete(kind.name);
          this.members.remove(kind.name);
        }
        return this.owner.leave(kind);
      },
    };
  }

  /** This node is about to go: others own what it did, once what it took is done. */
  async leave(): Promise<void> {
    this.know();
    this.members.leave();
    await this.owner.leave();
  }

  private listen(): void {
    const { bus } = this;
    bus.take("owned.ask", (from, fields, done) => {
      done();
      void this.asked(from, fields);
    });
    bus.take("owned.answer", (_from, [number = "", ...fields], done) => {
      done();
      this.asker.answered(Number(number), outcomesOf(fields));
    });
    bus.take("owned.yield", (_from, [name = "", epoch = ""], done) => {
      this.owner
        .yield(name, Number(epoch))
        .catch((error: unknown) => logFailure(this.parts.log, error, "a key could not be given up"))
        .finally(done);
    });
    bus.take("owned.tell", (_from, [kind = "", key = "", epoch = "", text = ""], done) => {
      done();
      this.told(kind, key, Number(epoch), text);
    });
    bus.onMember((member, state) => {
      this.know();
      if (state === "joined") return this.members.met(member);
      this.members.gone(member);
      this.asker.died(member);
    });
  }

  /** Taken for dead, a node goes on under another name, and what it owned is others'. */
  private know(): void {
    if (this.self === this.bus.member) return;
    this.owner.loseAll();
    this.self = this.bus.member;
    this.members.change();
  }

  private give(member: string, number: number, name: string, requests: readonly OwnerRequest[]): void {
    if (member === this.bus.member) {
      void this.outcomes(name, requests).then((outcomes) => this.asker.answered(number, outcomes));
      return;
    }
    const fields = [String(number), name, ...requests.flatMap(({ id, text }) => [id, text])];
    this.bus.send(member, { kind: "owned.ask", fields, confirmed: () => {}, failed: () => this.asker.failed(number) });
  }

  private async asked(from: string, [number = "", name = "", ...fields]: readonly string[]): Promise<void> {
    const requests: OwnerRequest[] = [];
    for (let i = 0; i < fields.length; i += 2) requests.push({ id: fields[i] ?? "", text: fields[i + 1] ?? "" });
    const outcomes = await this.outcomes(name, requests);
    this.answer(from, [number, ...outcomes.flatMap(fieldsOf)]);
  }

  private async outcomes(name: string, requests: readonly OwnerRequest[]): Promise<Outcome[]> {
    this.know();
    const [kindName, key] = partsOf(name);
    const kind = this.kinds.get(kindName);
    if (kind === undefined) return requests.map(() => ({ kind: "again" }));
    const here = this.owner.owns(name) || this.members.of(kindName, key) === this.bus.member;
    if (!here) return requests.map(() => ({ kind: "again" }));
    return this.owner.take(kind, key, requests);
  }

  private answer(to: string, fields: readonly string[]): void {
    this.bus.send(to, {
      kind: "owned.answer",
      fields,
      confirmed: () => {},
      failed: (reason) => {
        // It asks the next one where this one is dead to it.
        if (reason !== "died") this.parts.clock.setTimeout(() => this.answer(to, fields), PAUSE);
      },
    });
  }

  private askToYield(member: string, name: string, epoch: number): Promise<void> {
    return new Promise((resolve) =>
      this.bus.send(member, {
        kind: "owned.yield",
        fields: [name, String(epoch)],
        confirmed: resolve,
        failed: () => resolve(),
      }),
    );
  }

  private tell(member: string, name: string, epoch: number, text: string): void {
    const [kind, key] = partsOf(name);
    if (member === this.bus.member) return this.told(kind, key, epoch, text);
    this.bus.send(member, {
      kind: "owned.tell",
      fields: [kind, key, String(epoch), text],
      confirmed: () => {},
      failed: () => {},
    });
  }

  private told(kind: string, key: string, epoch: number, text: string): void {
    if (this.epochs.isCurrent(`${kind} ${key}`, epoch)) this.kinds.get(kind)?.told?.(key, text);
  }
}

function partsOf(name: string): [kind: string, key: string] {
  const space = name.indexOf(" ");
  return [name.slice(0, space), name.slice(space + 1)];
}

function fieldsOf(outcome: Outcome): string[] {
  return outcome.kind === "again" ? ["again", ""] : [outcome.kind, outcome.text];
}

function outcomesOf(fields: readonly string[]): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const kind = fields[i];
    outcomes.push(kind === "done" || kind === "failed" ? { kind, text: fields[i + 1] ?? "" } : { kind: "again" });
  }
  return outcomes;
}
