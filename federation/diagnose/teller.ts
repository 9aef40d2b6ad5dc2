// Turns what an attempt notes into findings: targets and dead ones together, and what answers where no stream came about.
import type { FederationContext } from "../way/context.ts";
import type { AttemptState, Progress } from "../way/progress.ts";
import { ANSWERING, type StepName } from "./advice.ts";
import { whatAnswers } from "./probe.ts";
import type { Report } from "./report.ts";

type Facts = Parameters<Progress["note"]>[1];

/** The step that a state of an attempt belongs to. */
const STEP_OF: Readonly<Record<AttemptState, StepName>> = {
  resolving: "resolution",
  connecting: "connection",
  opening: "stream",
  securing: "encryption",
  authenticating: "authentication",
};

/** Dead targets that are asked what they are. */
const MAX_PROBES = 3;

/** A server of the domain, as DNS has it. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly directTls: boolean;
}

/** Tells of one attempt. */
export class Teller {
  readonly progress: Progress;
  private readonly context: FederationContext;
  private readonly report: Report;
  private state: AttemptState = "resolving";
  private untold: string[][] = [];
  private readonly places: Place[] = [];
  /** Those that led to no stream, and why. */
  private readonly dead: { readonly place: string; readonly reason: string }[] = [];
  private readonly connected = new Map<string, string>();
  private lastPlace: string | undefined;
  private offered = "";
  private encrypted = false;
  private refused = false;

  constructor(context: FederationContext, report: Report) {
    this.context = context;
    this.report = report;
    this.progress = {
      enter: (state) => {
        this.state = state;
        if (state !== "resolving") this.tellTargets();
      },
      note: (event, facts) => this.note(event, facts),
    };
  }

  /** The attempt led to a stream: what did not on the way is a note. */
  arrived(): void {
    this.tellDead("note");
  }

  /** The attempt failed. */
  async failed(reason: string): Promise<void> {
    this.tellTargets();
    const step = this.stepOf(reason);
    // One place, and how far it led is known.
    if (this.dead.length === 0 && this.lastPlace !== undefined && step === "stream")
      this.dead.push({ place: this.lastPlace, reason });
    const advice = await this.adviceOfDead();
    if (this.dead.length > 1) return this.tellDead("failed", advice);
    this.report.tell(step, "failed", reason, advice === undefined ? {} : { advice });
  }

  private stepOf(reason: string): StepName {
    if (/require a valid certificate|TLSA records of/.test(reason)) return "certificate";
    if (/there is no TLS|refused to start TLS/.test(reason)) return "encryption";
    return STEP_OF[this.state];
  }

  private note(event: string, facts: Facts): void {
    const { report } = this;
    const place = `${facts.host} port ${facts.port}`;
    switch (event) {
      case "target": {
        this.places.push({ host: String(facts.host), port: Number(facts.port), directTls: facts.directTls === true });
        const tls = facts.directTls ? "direct TLS" : "STARTTLS";
        this.untold.push([place, tls, `priority ${facts.priority}${facts.dnssec ? ", by DNSSEC" : ""}`]);
        return;
      }
      case "unreachable":
      case "target failed":
        this.dead.push({ place, reason: String(facts.reason) });
        return;
      case "connected":
        this.lastPlace = place;
        this.connected.set(place, String(facts.address));
        return report.tell("connection", "good", `${facts.address} port ${facts.port} (${facts.host})`);
      case "sent elsewhere":
        return report.tell("stream", "note", `their server sends us to ${place}`, { advice: "" });
      case "opened":
        this.offered = String(facts.features ?? "");
        return report.tell("stream", "good", openedText(facts, report.names.dialback));
      case "no TLS":
        return report.tell("encryption", "note", `there is no TLS: ${facts.reason}`);
      case "certificate":
        this.encrypted = true;
        report.tell("encryption", "good", `${facts.protocol}, ${facts.cipher}`);
        return facts.valid
          ? report.tell("certificate", "good", `proves the domain (${facts.by})`)
          : report.tell("certificate", "note", String(facts.reason));
      case "refused":
        this.refused = true;
        return report.tell("authentication", "note", String(facts.reason));
      case "authenticated":
        return this.authenticated(facts);
      case "again":
        return report.tell("stream", "note", "their server ended that stream with its refusal: once more, without", {
          advice: "",
        });
    }
  }

  private authenticated(facts: Facts): void {
    const { report } = this;
    if (facts.method === "external") return report.tell("authentication", "good", "by our certificate (SASL EXTERNAL)");
    if (this.encrypted && !this.refused && !this.offered.split(" ").includes("mechanisms"))
      report.tell("authentication", "note", "their server did not offer SASL EXTERNAL for our certificate");
    report.tell("authentication", "good", "by dialback");
  }

  private tellTargets(): void {
    const rows = this.untold.splice(0);
    if (rows.length === 1) this.report.tell("resolution", "good", (rows[0] as string[]).join(", "));
    else if (rows.length > 1) this.report.tell("resolution", "good", `${rows.length} servers`, { rows });
  }

  private tellDead(outcome: "note" | "failed", advice?: string): void {
    const { report, dead } = this;
    const { to } = report.names;
    const details = advice === undefined ? {} : { advice };
    const [first] = dead;
    if (first === undefined) return;
    if (dead.length === 1 && outcome === "note")
      return report.tell("connection", outcome, `${first.place}: ${first.reason}`, details);
    const text =
      outcome === "note" ? `${dead.length} servers of ${to} led to no stream` : `no server of ${to} could be reached`;
    report.tell("connection", outcome, text, { ...details, rows: dead.map(({ place, reason }) => [place, reason]) });
  }

  /** What is to be done about places where no stream came about, by what answers there. */
  private async adviceOfDead(): Promise<string | undefined> {
    const lines = new Set<string>();
    let probes = 0;
    for (const { place, reason } of this.dead) {
      const known = this.report.adviceOf(this.connected.has(place) ? this.stepOf(reason) : "connection", reason);
      const target = this.places.find(({ host, port }) => `${host} port ${port}` === place);
      const address = await this.addressOf(place, target, reason);
      if (target === undefined || address === undefined || probes++ >= MAX_PROBES) {
        if (known !== undefined) lines.add(known);
        continue;
      }
      const { from, to } = this.report.names;
      const answering = await whatAnswers({ address, port: target.port, domain: to }, this.context.clock);
      const told = ANSWERING[target.directTls ? "direct" : "starttls"][answering]?.({ from, to });
      // That it speaks XMPP says less than what it broke off with.
      const line = answering === "xmpp" && !target.directTls ? (known ?? told) : (told ?? known);
      if (line !== undefined) lines.add(line);
    }
    return lines.size === 0 ? undefined : [...lines].join("\n");
  }

  /** Where to ask what answers: only where we were connected, and what came was no stream. */
  private async addressOf(place: string, target: Place | undefined, reason: string): Promise<string | undefined> {
    if (!/gave up|given up|ended the stream: |broke|closed|TLS|SSL|ECONNRESET|EPROTO|alert/i.test(reason))
      return undefined;
    if (/host-unknown|host-gone|policy-violation|not-authorized|resource-constraint/.test(reason)) return undefined;
    const known = this.connected.get(place);
    if (known !== undefined || target?.directTls !== true) return known;
    const found = await this.context.resolver.addressesOf(target.host);
    return found.kind === "addresses" ? found.addresses[0] : undefined;
  }
}

/** What a stream offers; of dialback only where policy lets it count. */
function openedText(facts: Facts, dialback: boolean): string {
  if (facts.version === undefined) return "a server older than XMPP 1.0";
  const features = String(facts.features ?? "").split(" ");
  const offered = features.filter((name) => dialback || name !== "dialback").join(" ");
  return `XMPP ${facts.version}, offers ${offered || "nothing"}`;
}
