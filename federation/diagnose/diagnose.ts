// Walks the way to a remote domain step by step, and says in plain words how far it leads.
import type { FederationContext } from "../context.ts";
import { attempt } from "../outgoing/attempt.ts";
import { failureOf } from "../outgoing/loss.ts";
import type { AttemptState, Progress } from "../outgoing/states.ts";
import { adviceFor, type StepName } from "./advice.ts";

/** One thing found out. */
export interface Finding {
  readonly step: StepName;
  readonly outcome: "good" | "note" | "failed";
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
}

/** Takes findings as they come. */
export type FindingListener = (finding: Finding) => void;

/** The step that a state of an attempt belongs to. */
const STEP_OF: Readonly<Record<AttemptState, StepName>> = {
  resolving: "resolution",
  connecting: "connection",
  opening: "stream",
  securing: "encryption",
  authenticating: "authentication",
};

/** Tests the way from a domain of ours to a remote one. Resolves with whether stanzas would get through. */
export async function diagnose(
  context: FederationContext,
  from: string,
  to: string,
  found: FindingListener,
): Promise<boolean> {
  const tell = (step: StepName, outcome: Finding["outcome"], text: string) =>
    found({ step, outcome, text, advice: outcome === "good" ? undefined : adviceFor(step, text, { from, to }) });
  await ownName(context, from, found);
  const policy = context.policy(to);
  if (policy.refuse) {
    tell("policy", "failed", `${policy.rule} refuse ${to}`);
    return false;
  }
  found({ step: "policy", outcome: "good", text: policyText(policy) });
  const teller = new Teller(tell);
  try {
    const { signal } = new AbortController();
    const plan = { signal, progress: teller.progress, assume: undefined, resume: undefined, targets: undefined };
    const ready = await attempt(context, from, to, plan);
    ready.stream.close();
    const extras = [ready.bidi ? "both ways on one stream" : "", ready.sm ? "acknowledged and resumable" : ""];
    const how = extras.filter((text) => text !== "").join(", ");
    found({ step: "authentication", outcome: "good", text: `stanzas get through${how === "" ? "" : ` (${how})`}` });
    return true;
  } catch (error) {
    const failure = failureOf(error, to);
    const step = teller.stepOf(failure.message);
    tell(step, "failed", failure.message);
    return false;
  }
}

/** Turns what an attempt notes into findings. */
class Teller {
  readonly progress: Progress;
  private state: AttemptState = "resolving";
  private readonly tell: (step: StepName, outcome: Finding["outcome"], text: string) => void;

  constructor(tell: Teller["tell"]) {
    this.tell = tell;
    this.progress = {
      enter: (state) => {
        this.state = state;
      },
      note: (event, facts) => this.note(event, facts),
    };
  }

  /** The step a failure belongs to. */
  stepOf(reason: string): StepName {
    if (/require a valid certificate|TLSA records of/.test(reason)) return "certificate";
    if (/there is no TLS|refused to start TLS/.test(reason)) return "encryption";
    return STEP_OF[this.state];
  }

  private note(event: string, facts: Parameters<Progress["note"]>[1]): void {
    const { tell } = this;
    switch (event) {
      case "target":
        return tell(
          "resolution",
          "good",
          `${facts.host} port ${facts.port}, ${facts.directTls ? "direct TLS" : "STARTTLS"}, priority ${facts.priority}${facts.dnssec ? ", by DNSSEC" : ""}`,
        );
      case "unreachable":
        return tell("connection", "note", `${facts.host} port ${facts.port}: ${facts.reason}`);
      case "connected":
        return tell("connection", "good", `${facts.address} port ${facts.port} (${facts.host})`);
      case "sent elsewhere":
        return tell("stream", "note", `their server sends us to ${facts.host} port ${facts.port}`);
      case "opened":
        return tell("stream", "good", openedText(facts));
      case "no TLS":
        return tell("encryption", "note", `there is no TLS: ${facts.reason}`);
      case "certificate":
        tell("encryption", "good", `${facts.protocol}, ${facts.cipher}`);
        return facts.valid
          ? tell("certificate", "good", `proves the domain (${facts.by})`)
          : tell("certificate", "note", String(facts.reason));
      case "refused":
        return tell("authentication", "note", String(facts.reason));
      case "authenticated":
        return tell(
          "authentication",
          "good",
          facts.method === "external" ? "by our certificate (SASL EXTERNAL)" : "by dialback",
        );
      case "again":
        return tell("stream", "note", "another stream is needed");
    }
  }
}

function openedText(facts: Parameters<Progress["note"]>[1]): string {
  if (facts.version === undefined) return "a server older than XMPP 1.0";
  return `XMPP ${facts.version}, offers ${facts.features || "nothing"}`;
}

function policyText(policy: ReturnType<FederationContext["policy"]>): string {
  const certificate = policy.requireValidCertificate ? "a valid certificate" : "no certificate";
  return `${policy.rule}: encryption ${policy.requireEncryption ? "required" : "optional"}, ${certificate} required, dialback ${policy.allowDialback ? "allowed" : "not allowed"}`;
}

/** Whether others can find us: dialback and every answer need it. */
async function ownName(context: FederationContext, from: string, found: FindingListener): Promise<void> {
  const certificate = context.tlsContext(from) === undefined ? "no certificate here, " : "";
  const resolution = await context.resolver.resolveDomain(from, "xmpp-server");
  if (resolution.kind === "targets" && certificate === "") {
    const places = resolution.targets.map(({ host, port }) => `${host} port ${port}`).join(", ");
    return found({ step: "own name", outcome: "good", text: `${from} is found at ${places}` });
  }
  const dns = resolution.kind === "targets" ? "found by DNS" : "not found by DNS";
  found({
    step: "own name",
    outcome: "note",
    text: `${from}: ${certificate}${dns}`,
    advice:
      certificate === ""
        ? `Other servers cannot find you: publish _xmpp-server._tcp.${from} SRV with the name and port of this node.`
        : `Give the host ${from} a certificate (hosts[].certificate), or nothing is encrypted.`,
  });
}
