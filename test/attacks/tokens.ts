// A client's side of tokens: asks for one, and shows it. XEP-0484.
import { createHmac } from "node:crypto";
import { DOMAIN } from "./node.ts";
import { RawTcp } from "./raw.ts";

const AGENT = "d4565fa7-4d72-4749-b3d3-740edbf87770";
export const NS = "urn:xmpp:fast:0";
/** Asks for a token beside whatever else is authenticated by. */
export const REQUEST = `<request-token xmlns='${NS}' mechanism='HT-SHA-256-NONE'/>`;

/** A stream at a listener of direct TLS. */
export async function secured(port: number): Promise<RawTcp> {
  const raw = await RawTcp.connect(port, DOMAIN);
  await raw.open(DOMAIN);
  return raw;
}

/** SASL2's first element. XEP-0388 §2.3. */
export function authenticate(mechanism: string, initial: Buffer | string, inner: string): string {
  const response = `<initial-response>${Buffer.from(initial).toString("base64")}</initial-response>`;
  return `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${mechanism}'>${response}<user-agent id='${AGENT}'/>${inner}</authenticate>`;
}

/** Logs in with a password and asks for a token. */
export async function tokenFor(port: number, local: string, password: string): Promise<ReturnType<typeof read>> {
  const raw = await secured(port);
  raw.send(authenticate("PLAIN", `\0${local}\0${password}`, REQUEST));
  const success = await raw.until("</success>");
  raw.destroy();
  return read(success);
}

/** The token within a `<success/>`; empty for none. */
export function read(success: string): { token: string; expiry: string } {
  const [, token = "", expiry = ""] = / token='([^']+)' expiry='([^']+)'/.exec(success) ?? [];
  return { token, expiry };
}

/** What the server says to romeo's token; where it ended the stream, its last words. */
export async function presentToken(port: number, token: string, attributes = "", inner = ""): Promise<string> {
  const raw = await secured(port);
  const mac = createHmac("sha256", token).update("Initiator").digest();
  const data = Buffer.concat([Buffer.from("romeo\0"), mac]);
  raw.send(authenticate("HT-SHA-256-NONE", data, `<fast xmlns='${NS}'${attributes}/>${inner}`));
  const answer = await raw.until(/<\/(success|failure|stream:error)>/);
  raw.destroy();
  return answer;
}
