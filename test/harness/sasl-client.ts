// The client's side of SASL for talks: PLAIN and SCRAM, written from RFC 4616, RFC 5802 and RFC 9266 on their own.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual, X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";
import { NS_SASL } from "../../xmpp/xml/namespaces.ts";
import type { Wire } from "./wire.ts";
import { showXml, textOf, type XmlNode } from "./xml-node.ts";

/** Who logs in. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly authzid?: string | undefined;
  /** Channel binding for -PLUS; tls-exporter by default. */
  readonly binding?: string | undefined;
  /** GS2 flag in place of what the mechanism asks for: `y` says that no -PLUS was offered. RFC 5802 §6. */
  readonly gs2?: string | undefined;
}

/** The server did not accept. */
export class SaslRefused extends Error {
  override name = "SaslRefused";
}

/** Runs one SASL exchange of RFC 6120 §6 up to `<success/>`. @throws SaslRefused with the server's answer */
export async function authenticate(wire: Wire, mechanism: string, login: Login): Promise<void> {
  if (mechanism === "PLAIN") {
    await exchange(wire, "auth", `${login.authzid ?? ""}\0${login.user}\0${login.password}`, mechanism);
    return;
  }
  if (mechanism === "ANONYMOUS" || mechanism === "EXTERNAL") {
    await exchange(wire, "auth", login.authzid ?? "", mechanism);
    return;
  }
  await scram(wire, mechanism, login);
}

const HASHES: Readonly<Record<string, string>> = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" };

async function scram(wire: Wire, mechanism: string, login: Login): Promise<void> {
  const plus = mechanism.endsWith("-PLUS");
  const hash = HASHES[mechanism.slice("SCRAM-".length).replace(/-PLUS$/, "")];
  if (hash === undefined) throw new Error(`talks do not know ${mechanism}`);
  const binding = login.binding ?? "tls-exporter";
  const authzid = login.authzid === undefined ? "" : `a=${escapeName(login.authzid)}`;
  const gs2 = `${login.gs2 ?? (plus ? `p=${binding}` : "n")},${authzid},`;
  const nonce = randomBytes(18).toString("base64");
  const clientFirst = `n=${escapeName(login.user)},r=${nonce}`;
  const serverFirst = await exchange(wire, "auth", gs2 + clientFirst, mechanism);
  const said = new Map(serverFirst.split(",").map((part) => [part[0] as string, part.slice(2)]));
  const [fullNonce, salt, iterations] = [said.get("r") ?? "", said.get("s") ?? "", Number(said.get("i"))];
  if (!fullNonce.startsWith(nonce) || fullNonce === nonce) throw new SaslRefused(`a foreign nonce: ${serverFirst}`);
  const salted = pbkdf2Sync(
    login.password.normalize("NFKC"),
    Buffer.from(salt, "base64"),
    iterations,
    createHash(hash).digest().length,
    hash,
  );
  const hmac = (key: Buffer, text: string | Buffer) => createHmac(hash, key).update(text).digest();
  const clientKey = hmac(salted, "Client Key");
  const channel = Buffer.concat([Buffer.from(gs2), plus ? bindingData(wire, binding) : Buffer.alloc(0)]);
  const withoutProof = `c=${channel.toString("base64")},r=${fullNonce}`;
  const signed = `${clientFirst},${serverFirst},${withoutProof}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), signed);
  const proof = clientKey.map((byte, i) => byte ^ (signature[i] as number));
  const final = await exchange(wire, "response", `${withoutProof},p=${Buffer.from(proof).toString("base64")}`);
  const expected = hmac(hmac(salted, "Server Key"), signed);
  const got = Buffer.from(/^v=([^,]*)/.exec(final)?.[1] ?? "", "base64");
  if (got.length !== expected.length || !timingSafeEqual(got, expected))
    throw new SaslRefused(`the server's signature is wrong: ${final}`);
}

function escapeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** RFC 9266 (tls-exporter), RFC 5929 §4 (tls-server-end-point). */
function bindingData(wire: Wire, binding: string): Buffer {
  const { socket } = wire;
  if (!(socket instanceof TLSSocket)) throw new Error("channel binding needs TLS");
  if (binding === "tls-exporter") return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
  return createHash("sha256").update(certificate.raw).digest();
}

/** Sends one step and gives the server's data, of a challenge or of its success. */
async function exchange(wire: Wire, name: string, data: string, mechanism?: string): Promise<string> {
  const attribute = mechanism === undefined ? "" : ` mechanism="${mechanism}"`;
  const content = data === "" ? (name === "auth" ? "=" : "") : Buffer.from(data).toString("base64");
  wire.send(`<${name} xmlns="${NS_SASL}"${attribute}>${content}</${name}>`);
  const item = await wire.inbox.next();
  if (item.kind !== "element") throw new SaslRefused(`the stream went ${item.kind}`);
  return answer(item.node);
}

function answer(node: XmlNode): string {
  if (node.ns !== NS_SASL || (node.name !== "challenge" && node.name !== "success"))
    throw new SaslRefused(showXml(node));
  return Buffer.from(textOf(node), "base64").toString();
}
