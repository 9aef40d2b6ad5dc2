// STARTTLS on client streams. RFC 6120 §5.
import { NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { C2sFeature, ClientConnection } from "./client-connection.ts";

/** The TLS feature. */
export const startTlsFeature: C2sFeature = {
  name: "starttls",
  phase: "before authentication",
  xmlns: NS_TLS,
  restarts: true,
  mandatory: ({ context }) => context.authentication.requireTls,
  advertise(connection) {
    if (!offered(connection)) return undefined;
    return connection.context.authentication.requireTls
      ? `<starttls xmlns='${NS_TLS}'><required/></starttls>`
      : `<starttls xmlns='${NS_TLS}'/>`;
  },
  handle: startTls,
};

function offered(connection: ClientConnection): boolean {
  const { transport } = connection.stream;
  return transport.kind === "tcp" && !transport.encrypted && connection.host?.hasTls === true;
}

async function startTls(connection: ClientConnection, raw: RawElement): Promise<void> {
  const { stream, context, host } = connection;
  if (raw.name !== "starttls" || host === undefined || connection.authenticated || !offered(connection)) {
    stream.send(`<failure xmlns='${NS_TLS}'/>`);
    return stream.closeNow();
  }
  stream.send(`<proceed xmlns='${NS_TLS}'/>`);
  stream.discard();
  stream.restart();
  try {
    await stream.transport.startTls("server", {
      context: context.tls.forDomain(host.domain),
      sni: (servername) => context.tls.sni(servername),
      requestCert: context.clientAuthorities.length > 0,
    });
  } catch (error) {
    connection.log.debug({ err: error }, "TLS handshake failed");
    stream.destroy();
  }
}
