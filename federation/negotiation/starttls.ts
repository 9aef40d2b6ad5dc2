// STARTTLS between servers. RFC 6120 §5.
import { offered } from "../../xmpp/negotiation/feature.ts";
import { NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { connectOptions } from "../tls/index.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { S2sFeature } from "./entry.ts";
import type { Opening } from "./opening.ts";

export const STARTTLS: S2sFeature = {
  name: "STARTTLS",
  xmlns: NS_TLS,
  restarts: true,

  advertise({ encrypted, canEncrypt, policy }) {
    if (encrypted || !canEncrypt) return undefined;
    return policy.requireEncryption
      ? `<starttls xmlns='${NS_TLS}'><required/></starttls>`
      : `<starttls xmlns='${NS_TLS}'/>`;
  },
  mandatory: ({ policy }) => policy.requireEncryption,

  wanted(opening) {
    if (opening.stream.transport.encrypted || offered(opening, "starttls", NS_TLS) === undefined) return false;
    const { way } = opening;
    if (way.context.tlsContext(way.local) !== undefined) return true;
    way.progress.note("no TLS", { reason: `${way.local} has no certificate` });
    return false;
  },
  request({ way }) {
    way.progress.enter("securing");
    return `<starttls xmlns='${NS_TLS}'/>`;
  },
  answer({ way }, { name, xmlns }) {
    if (name === "proceed" && xmlns === NS_TLS) return "agreed";
    throw new OutgoingFailure("remote-server-timeout", `${way.remote} refused to start TLS`);
  },
  agreed: encrypt,
};

async function encrypt({ way, stream, dialogue }: Opening): Promise<void> {
  const context = way.context.tlsContext(way.local);
  if (context === undefined) throw new OutgoingFailure("remote-server-timeout", `${way.local} has no certificate`);
  // RFC 6120 §5.4.3.3.
  stream.discard();
  dialogue.forget();
  stream.restart();
  const { servername } = connectOptions({ context, domain: way.remote, directTls: false });
  await stream.transport.startTls("client", { context, ...(servername === undefined ? {} : { servername }) });
}
