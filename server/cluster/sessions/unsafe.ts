// What a session's former node took of its client and had not made safe when the session moved: told of when it is. XEP-0198 §5.
import type { Anew, Handled, TakenElsewhere } from "../../../xmpp/management/handled.ts";
import type { NodeBus } from "../../ports/cluster.ts";

const KIND = "session.safe";

/** One stanza that another node has. */
interface There {
  /** Called when it is safe there. */
  safe: () => void;
  /** Takes it anew, where its client sent it again. */
  anew: Anew | undefined;
}

/**
 * Stanzas of moved sessions that are on their way to be safe at another node. Their client may send them again here:
 * what it sent is kept until that node says that its own is safe, and taken anew should it die first.
 */
export class UnsafeElsewhere {
  private readonly bus: NodeBus;
  private readonly failed: (error: unknown) => void;
  /** By member, then by session and place. */
  private readonly byMember = new Map<string, Map<string, There>>();

  /** `failed` is told why a stanza could not be taken anew. */
  constructor(bus: NodeBus, failed: (error: unknown) => void) {
    this.bus = bus;
    this.failed = failed;
    bus.take(KIND, (from, [name = ""], done) => {
      const there = this.byMember.get(from)?.get(name);
      this.byMember.get(from)?.delete(name);
      there?.safe();
      done();
    });
    bus.onMember((member, state) => {
      if (state === "died") this.died(member);
    });
  }

  /** The stanzas of a session that goes to another node, for `come` there; that node hears of each that becomes safe. */
  give(handled: Handled, smId: string, to: string): { readonly prints: string[]; readonly tell: () => void } {
    const unsafe = handled.unsafe();
    const tell = () => {
      for (const [i, { taken }] of unsafe.entries())
        taken.safety.onceDone(() =>
          this.bus.send(to, { kind: KIND, fields: [nameOf(smId, i)], confirmed: nothing, failed: nothing }),
        );
    };
    return { prints: unsafe.map(({ print }) => print), tell };
  }

  /** The stanzas of a session that came from `member`. */
  come(prints: readonly string[], smId: string, member: string): TakenElsewhere[] {
    if (prints.length === 0) return [];
    const known = this.byMember.get(member) ?? new Map<string, There>();
    this.byMember.set(member, known);
    return prints.map((print, i) => {
      const there: There = { safe: nothing, anew: undefined };
      known.set(nameOf(smId, i), there);
      return {
        print,
        whenSafe: (safe) => {
          there.safe = safe;
        },
        keep: (anew) => {
          if (known.get(nameOf(smId, i)) === there) there.anew = anew;
          // Its node is gone: what it had went with it.
          else if (!this.bus.others.includes(member)) this.again(anew);
        },
      };
    });
  }

  private died(member: string): void {
    const known = this.byMember.get(member);
    this.byMember.delete(member);
    const kept = [...(known?.values() ?? [])];
    known?.clear();
    for (const { anew } of kept) if (anew !== undefined) this.again(anew);
  }

  private again(anew: Anew): void {
    try {
      anew()?.catch(this.failed);
    } catch (error) {
      this.failed(error);
    }
  }
}

function nameOf(smId: string, place: number): string {
  return `${smId} ${place}`;
}

function nothing(): void {}
