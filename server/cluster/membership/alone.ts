// A node without a cluster: the same ports, with nobody behind them.
import { pino } from "pino";
import { systemClock } from "../../../xmpp/clock.ts";
import type { ClusterPorts, FrameToSend, NodeBus, Parcel, SessionRegistry } from "../../ports/cluster.ts";
import { Exclusion } from "../ownership/exclusion.ts";
import { loneLocks } from "../ownership/locks.ts";
import { MemberOwnership } from "../ownership/ownership.ts";
import { OwnTerms } from "../ownership/terms.ts";

/** The bus of a node that is alone. */
export class LoneBus implements NodeBus {
  readonly member: string;
  readonly others: readonly string[] = [];

  /** `node` is its name: there is no other with which its starts could be confused. */
  constructor(node: string) {
    this.member = node;
  }

  take(): void {}

  send(_member: string, { failed }: FrameToSend): void {
    failed("died");
  }

  post(_member: string, parcel: Parcel): void {
    parcel.failed("died");
  }

  announce(): void {}

  barrier(): undefined {
    return undefined;
  }

  congested(): boolean {
    return false;
  }

  onMember(): void {}

  onGap(): void {}

  onAnnouncement(): void {}
}

/** Nobody asks where a session is. */
const loneRegistry: SessionRegistry = {
  estates: {
    awaited: () => undefined,
    behind: (_account, work) => void work(),
    isAhead: () => false,
    anew: () => false,
  },
  bound() {},
  changed() {},
  ended() {},
  moved() {},
  locations: () => [],
  handled: () => undefined,
};

/** The ports of a node that is alone. */
export function alone(node: string, log = pino({ level: "silent" }), clock = systemClock): ClusterPorts {
  const bus = new LoneBus(node);
  const terms = new OwnTerms(clock.now);
  const ownership = new MemberOwnership({ bus, terms, clock, log, fenced: () => false, isGone: async () => true });
  return { bus, registry: loneRegistry, exclusive: new Exclusion({ locks: loneLocks, clock }), ownership };
}
