// Fake hosts of one domain at several members of a region: one clock and one store for all, owned keys between them.
import { pino } from "pino";
import { Exclusion } from "../../server/cluster/ownership/exclusion.ts";
import { loneLocks } from "../../server/cluster/ownership/locks.ts";
import { MemberOwnership } from "../../server/cluster/ownership/ownership.ts";
import { memoryStores } from "../../server/storage/memory/stores.ts";
import { STORES } from "../../server/stores.ts";
import { FakeHost, START, type Wanted } from "./fake-host.ts";
import { JoinedBuses } from "./joined-buses.ts";
import { ManualClock, turns } from "./manual-clock.ts";
import { SharedTerms } from "./shared-terms.ts";

const log = pino({ level: "silent" });

/** Members that hear of each other by a bus in memory. None knows the sessions of another. */
export class FakeRegion {
  readonly clock = new ManualClock(START);
  readonly buses = new JoinedBuses();
  private readonly terms = new SharedTerms();
  private readonly stores = memoryStores(STORES, this.clock);
  /** One for all: what one member holds no other does. */
  private readonly exclusive = new Exclusion({ locks: loneLocks, clock: this.clock });
  private readonly dead = new Set<string>();

  /** A member comes, with a host that runs these modules; the others know what it owns. @throws as `FakeHost.with` */
  async join(name: string, wanted: readonly Wanted[]): Promise<FakeHost> {
    const { clock, terms, stores, exclusive } = this;
    const bus = this.buses.join(name);
    const fenced = () => this.dead.has(name);
    const isGone = async (other: string) => this.dead.has(other);
    const ownership = new MemberOwnership({ bus, terms, clock, log, fenced, isGone });
    const fake = await FakeHost.with(wanted, { member: { clock, stores, bus, exclusive, ownership } });
    await this.buses.settle();
    return fake;
  }

  /** A member dies, whatever it is doing. */
  die(name: string): void {
    this.dead.add(name);
    this.buses.die(name);
  }

  /** Lets time pass until something is done, at most 10 s. @throws what it throws, Error where it is not done */
  async done<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const noted = work.finally(() => {
      over = true;
    });
    noted.catch(() => {});
    for (let i = 0; i < 400 && !over; i++) {
      await turns(4);
      await this.clock.advance(25);
    }
    if (!over) throw new Error("it was not done within 10 s");
    return noted;
  }
}
