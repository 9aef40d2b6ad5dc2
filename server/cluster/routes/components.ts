// External components that other nodes of the cluster are connected to: known by announcements, reached over the bus.
import type { Clock } from "../../../xmpp/clock.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { RemoteComponents, Router } from "../../delivery/route.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import { stanzaFields, stanzaOfFields } from "../bus/stanza-codec.ts";

const KIND = "component";
/** ms after which a node tells again which components it has: an announcement may be lost. */
const TELL_AGAIN = 10_000;

/** Where components are. */
export class ClusterComponents implements RemoteComponents {
  private readonly bus: NodeBus;
  private readonly router: Router;
  private readonly clock: Clock;
  private readonly own = new Set<string>();
  /** Domains by member. */
  private readonly others = new Map<string, ReadonlySet<string>>();
  private telling = false;

  constructor(bus: NodeBus, router: Router, clock: Clock) {
    this.bus = bus;
    this.router = router;
    this.clock = clock;
    bus.take(KIND, (_from, fields, done) => this.take(fields, done));
    bus.onAnnouncement(KIND, (from, domains) => void this.others.set(from, new Set(domains)));
    bus.onMember((member, state) => {
      if (state === "died") this.others.delete(member);
      else if (this.own.size > 0) this.tell();
    });
  }

  connected(domain: string): void {
    this.own.add(domain);
    this.tell();
    this.tellAgain();
  }

  gone(domain: string): void {
    this.own.delete(domain);
    this.tell();
  }

  forward(stanza: Stanza): boolean {
    const domain = stanza.to?.domain ?? "";
    const member = this.bus.others.find((other) => this.others.get(other)?.has(domain));
    if (member === undefined) return false;
    const safety = stanza.safety?.hold();
    this.bus.send(member, {
      kind: KIND,
      fields: stanzaFields(stanza),
      confirmed: () => safety?.release("safe elsewhere"),
      failed: (reason) => {
        // The next one that has it, or its sender is told. Of a member that lives it would be asked again and again.
        if (reason !== "died" || !this.forward(stanza)) this.refuse(stanza);
        safety?.release("passed on");
      },
    });
    return true;
  }

  private tell(): void {
    this.bus.announce(KIND, [...this.own]);
  }

  private tellAgain(): void {
    if (this.telling) return;
    this.telling = true;
    this.clock.setTimeout(() => {
      this.telling = false;
      if (this.own.size === 0) return;
      this.tell();
      this.tellAgain();
    }, TELL_AGAIN);
  }

  /** A stanza of another node. What is not here after all is not sent on: it might go in a circle. */
  private take(fields: readonly string[], done: () => void): void {
    const stanza = stanzaOfFields(fields);
    const domain = stanza.to?.domain ?? "";
    const safety = new Safety(done);
    stanza.safety = safety;
    if (this.own.has(domain)) void this.router.services.get(domain)?.accept(stanza);
    else this.refuse(stanza);
    safety.release("passed on");
  }

  private refuse(stanza: Stanza): void {
    this.router.returned(stanza, "remote-server-timeout", "the component is not connected");
  }
}
