// Client state indication: what can wait while nobody looks is held back. XEP-0352.
import { NoSettings } from "../../../contract/modules/index.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { defineModule } from "../../module/define.ts";
import { type Gate, type OwnSession, SessionKey } from "../../ports/session.ts";

const NS_CSI = "urn:xmpp:csi:0";
const NS_PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event";
const NS_CHAT_STATES = "http://jabber.org/protocol/chatstates";

/** Stanzas held for one session before all of them are sent. */
const HELD_LIMIT = 200;
/** Characters held for one session before all of them are sent. */
const HELD_CHARACTERS = 131_072;

const gateKey = new SessionKey<InactiveGate>("client state");

/** The module of client state indication. */
export const csi = defineModule({
  name: "csi",
  implements: ["XEP-0352 1.0.0"],
  config: NoSettings,
  activate(host) {
    host.inlineBindFeature({ xmlns: NS_CSI, name: "inactive", request: deactivate });
    host.streamFeature({
      name: "csi",
      phase: "after authentication",
      xmlns: NS_CSI,
      advertise: () => `<csi xmlns='${NS_CSI}'/>`,
      handle(connection, raw) {
        const { session } = connection;
        if (session === undefined) return connection.stream.fail("not-authorized");
        if (raw.name === "inactive") deactivate(session);
        else if (raw.name === "active") activate(session);
      },
    });
    return {
      // Nobody else would open them again.
      deactivate() {
        for (const session of host.sessions.own()) activate(session);
      },
    };
  },
});

function deactivate(session: OwnSession): void {
  if (session.gate !== undefined) return;
  const gate = new InactiveGate(session);
  session.gate = gate;
  session.set(gateKey, gate);
}

function activate(session: OwnSession): void {
  const gate = session.get(gateKey);
  if (session.gate === gate) session.gate = undefined;
  gate?.flush();
}

/** Holds presence (the last of each sender) and what only matters to somebody who looks. */
class InactiveGate implements Gate {
  private readonly session: OwnSession;
  private readonly held = new Map<string, Stanza>();
  private unnamed = 0;
  private characters = 0;

  constructor(session: OwnSession) {
    this.session = session;
  }

  admit(stanza: Stanza): boolean {
    const key = this.keyOf(stanza);
    const before = key === undefined ? undefined : this.held.get(key);
    const characters = this.characters + stanza.size - (before?.size ?? 0);
    if (key === undefined || this.held.size >= HELD_LIMIT || characters > HELD_CHARACTERS) {
      // Order holds: what waited goes out before what cannot wait.
      this.flush();
      return true;
    }
    this.held.delete(key);
    stanza.detach();
    this.held.set(key, stanza);
    this.characters = characters;
    // Of a state of typing nobody is told late: it waits here alone, and its sender does not wait for that.
    stanza.safety?.became("dropped: XEP-0352 §5");
    return false;
  }

  flush(): void {
    const stanzas = [...this.held.values()];
    this.held.clear();
    this.characters = 0;
    for (const stanza of stanzas) this.session.write(stanza);
  }

  /** Under what a stanza may wait; undefined where it may not. */
  private keyOf(stanza: Stanza): string | undefined {
    if (stanza.kind === "presence")
      return stanza.type === undefined || stanza.type === "unavailable" ? `presence ${stanza.from?.full}` : undefined;
    if (stanza.kind !== "message" || stanza.type === "error") return undefined;
    const idle =
      stanza.children.length > 0 &&
      stanza.children.every(({ xmlns }) => xmlns === NS_CHAT_STATES || xmlns === NS_PUBSUB_EVENT);
    return idle ? `message ${this.unnamed++}` : undefined;
  }
}
