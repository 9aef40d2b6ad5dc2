// A stream of ours while it is negotiated: what is known of it so far, which each step reads and adds to.
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Element } from "ltx";
import type { Dialogue } from "../../xmpp/negotiation/dialogue.ts";
import type { Initiating } from "../../xmpp/negotiation/feature.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import { NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import type { Target } from "../resolver/index.ts";
import type { CertificateVerdict, TargetRecords } from "../tls/index.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { Way } from "../way/way.ts";

/** How a stream of ours was authenticated. */
export type Method = "external" | "dialback";

/** A connection to one of a domain's targets. */
export interface Reached {
  readonly socket: Socket | TLSSocket;
  readonly target: Target;
  readonly address: string;
  /** What DNSSEC says of the certificate there; undefined where it says nothing. */
  readonly dane: TargetRecords | undefined;
}

/** What a peer is known to take, so that it is sent before it is offered. XEP-0305. */
export interface Ahead {
  /** Goes right behind the header of an encrypted stream. */
  readonly text: string;
  /** `<bidi/>` is part of it. */
  readonly bidi: boolean;
  /** It is known to have stream management. */
  readonly sm: boolean;
}

/** A broken stream to be asked for. XEP-0198 §5. */
export interface Resumption {
  readonly id: string;
  /** How many of the peer's stanzas we have handled; called when it is told. */
  recount(): number;
}

/** What a stream of ours begins with. */
export interface OpeningOptions {
  readonly stream: XmppStream;
  readonly dialogue: Dialogue;
  readonly reached: Reached;
  readonly ahead: Ahead | undefined;
}

/** The initiating side of a stream between servers. */
export class Opening implements Initiating {
  /** Whose stream it is; who is told of its progress changes from step to step. */
  way: Way;
  readonly stream: XmppStream;
  readonly dialogue: Dialogue;
  readonly reached: Reached;
  /** The peer's last header; undefined where it is still to come. */
  header: StreamHeader | undefined;
  features: Element | undefined;
  /** What the peer's certificate proves; undefined without TLS. */
  certificate: CertificateVerdict | undefined;
  /** What was sent ahead; undefined where nothing was, such as in clear. */
  ahead: Ahead | undefined;
  /** EXTERNAL was refused on an earlier stream. */
  skipExternal = false;
  /** Why the peer refused EXTERNAL on this one. */
  refusal: string | undefined;
  /** A broken stream to go on with. */
  resume: Resumption | undefined;
  /** How we were authenticated; undefined until then. */
  method: Method | undefined;
  /** Theirs may come on it as well. XEP-0288. */
  bidi = false;
  /** What the peer had handled of the broken stream, which now goes on. */
  resumed: number | undefined;
  private readonly known: Ahead | undefined;

  constructor(way: Way, { stream, dialogue, reached, ahead }: OpeningOptions) {
    this.way = way;
    this.stream = stream;
    this.dialogue = dialogue;
    this.reached = reached;
    this.known = ahead;
  }

  send(text: string): void {
    this.stream.send(text);
  }

  async nextElement(): Promise<RawElement> {
    // Where features were pipelined past, the header comes first.
    this.header ??= await this.dialogue.nextHeader();
    return this.dialogue.nextElement();
  }

  /**
   * Sends our header, with what is known to be taken, and reads the peer's, with its features where it is of version 1.0.
   * Behind what was sent ahead nothing is waited for. @throws OutgoingFailure, StreamEnded
   */
  async open(): Promise<void> {
    const { stream, dialogue, way } = this;
    stream.open(way.header);
    if (this.method !== undefined && this.ahead !== undefined) {
      this.header = undefined;
      this.features = undefined;
      return;
    }
    if (this.method === undefined && stream.transport.encrypted && this.known !== undefined) {
      this.ahead = this.known;
      stream.send(this.known.text);
    }
    this.header = await dialogue.nextHeader();
    this.features = this.header.version === undefined ? undefined : await this.nextFeatures();
    if (this.method !== undefined) return;
    const offered = this.features?.getChildElements().map((child) => child.getName());
    const { id, version } = this.header;
    way.progress.note("opened", { id, version, features: offered?.join(" ") });
  }

  private async nextFeatures(): Promise<Element> {
    const raw = await this.dialogue.nextElement();
    if (raw.name !== "features" || raw.xmlns !== NS_STREAM)
      throw new OutgoingFailure("remote-server-timeout", `expected stream features, not <${raw.name}/>`);
    return raw.toElement();
  }
}
