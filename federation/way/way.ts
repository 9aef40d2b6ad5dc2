// The way between a domain of ours and a remote one: what each step of connecting, proving and carrying is given.
import type { HeaderOut } from "../../xmpp/stream/header.ts";
import { NS_DIALBACK } from "../../xmpp/xml/namespaces.ts";
import type { FederationContext } from "./context.ts";
import type { Policy } from "./policy.ts";
import type { Facts, Progress } from "./progress.ts";

/** Nobody is told. */
const SILENT: Progress = { enter: () => {}, note: () => {} };

/** A way, in whichever direction its streams were opened. */
export class Way {
  readonly context: FederationContext;
  /** Our domain. */
  readonly local: string;
  readonly remote: string;
  /** Is told how far it leads, while a stream is sought. */
  readonly progress: Progress;

  constructor(context: FederationContext, local: string, remote: string, progress: Progress = SILENT) {
    this.context = context;
    this.local = local;
    this.remote = remote;
    this.progress = progress;
  }

  /** What holds for the remote domain now. */
  get policy(): Policy {
    return this.context.policy(this.remote);
  }

  /** What a stream of ours begins with. */
  get header(): HeaderOut {
    return { from: this.local, to: this.remote, version: "1.0", prefixes: { db: NS_DIALBACK } };
  }

  /** The same, with somebody else told how far it leads. */
  toldTo(progress: Progress): Way {
    return new Way(this.context, this.local, this.remote, progress);
  }

  /** Tells whoever watches the remote domain. */
  tell(event: string, facts: Facts): void {
    const { trace, clock } = this.context;
    if (trace.active) trace.tell(this.remote, clock.now(), event, facts);
  }
}
