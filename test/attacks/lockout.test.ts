// Locking somebody out by guessing at his account: his token or certificate still opens it, and his own attempts do not
// make it last.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { afterEach, expect, test } from "@jest/globals";
import { NS_SASL } from "../../xmpp/xml/namespaces.ts";
import { TALK_START } from "../harness/certificates.ts";
import { issue, pemFolder } from "../tls/certificates.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { plain, RawTcp } from "./raw.ts";

const AGENT = "d4565fa7-4d72-4749-b3d3-740edbf87770";
const NS = "urn:xmpp:fast:0";

/** Time passes while a password is checked, which a busy machine takes long for: no log-in is to end by that. */
const BANS = {
  "authentication.failuresBeforeBan": "3",
  "authentication.banSeconds": "600",
  "limits.authenticationSeconds": "3600",
};

let target: Target;

async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
  target = await startTarget({ ...BANS, ...more });
  await target.account("romeo");
}

afterEach(() => target.stop());

async function from(address: string, secureContext?: SecureContext): Promise<RawTcp> {
  const plainSocket = connect({ port: target.ports.c2sTls, host: "127.0.0.1", localAddress: address });
  const own = secureContext === undefined ? {} : { secureContext };
  const socket = connectTls({ socket: plainSocket, servername: DOMAIN, rejectUnauthorized: false, ...own });
  await once(socket, "secureConnect");
  const raw = new RawTcp(socket);
  await raw.open(DOMAIN);
  return raw;
}

/** What a log-in from an address is answered, however long that is held back. */
async function answer(address: string, request: string, secureContext?: SecureContext): Promise<string> {
  const raw = await from(address, secureContext);
  raw.send(request);
  await target.settle("an answer", async () => {
    await target.clock.advance(1_000);
    return /<\/failure>|<success/.test(raw.text);
  });
  raw.destroy();
  return raw.text.includes("<success") ? raw.text : "refused";
}

function sasl2(mechanism: string, initial: Buffer, inner: string): string {
  const response = `<initial-response>${initial.toString("base64")}</initial-response>`;
  return `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${mechanism}'>${response}<user-agent id='${AGENT}'/>${inner}</authenticate>`;
}

async function guess(times: number, first: number): Promise<void> {
  for (let i = 0; i < times; i++) expect(await answer(`127.0.4.${first + i}`, plain("romeo", "wrong"))).toBe("refused");
}

test("a token opens the account in the midst of it, from wherever", async () => {
  await start();
  const asking = sasl2(
    "PLAIN",
    Buffer.from("\0romeo\0pencil"),
    `<request-token xmlns='${NS}' mechanism='HT-SHA-256-NONE'/>`,
  );
  const [, token = ""] = / token='([^']+)'/.exec(await answer("127.0.5.1", asking)) ?? [];
  await guess(4, 1);
  expect(await answer("127.0.5.2", plain("romeo", "pencil"))).toBe("refused");
  const mac = createHmac("sha256", token).update("Initiator").digest();
  const showing = sasl2("HT-SHA-256-NONE", Buffer.concat([Buffer.from("romeo\0"), mac]), `<fast xmlns='${NS}'/>`);
  expect(await answer("127.0.5.3", showing)).toContain(`romeo@${DOMAIN}`);
});

test("a certificate opens the account in the midst of it, also from where it was guessed at", async () => {
  const folder = pemFolder();
  try {
    // The node's clock stands at the talks' time.
    const first = Math.floor((TALK_START - Date.now()) / 86_400_000) - 1;
    const authority = issue({ commonName: "Clients", ca: true, from: first, days: first + 30 });
    const file = folder.write("clients.pem", authority.certificatePem);
    await start({ "authentication.clientAuthorities": JSON.stringify([file]) });
    const address = "127.0.4.1";
    for (let i = 0; i < 4; i++) expect(await answer(address, plain("romeo", "wrong"))).toBe("refused");
    expect(await answer(address, plain("romeo", "pencil"))).toBe("refused");
    expect(await answer("127.0.5.1", plain("romeo", "pencil"))).toBe("refused");
    const own = issue({ issuer: authority, from: first, days: first + 30, xmppAddresses: [`romeo@${DOMAIN}`] });
    const identity = createSecureContext({ cert: own.certificatePem, key: own.keyPem });
    const external = `<auth xmlns='${NS_SASL}' mechanism='EXTERNAL'>=</auth>`;
    expect(await answer(address, external, identity)).toContain("<success");
    expect(await answer("127.0.5.1", external, identity)).toContain("<success");
  } finally {
    folder.remove();
  }
});

test("a right password that is refused does not make the ban last", async () => {
  await start();
  await guess(4, 1);
  await target.clock.advance(400_000);
  expect(await answer("127.0.5.1", plain("romeo", "pencil"))).toBe("refused");
  await target.clock.advance(200_000);
  expect(await answer("127.0.5.1", plain("romeo", "pencil"))).not.toBe("refused");
});
