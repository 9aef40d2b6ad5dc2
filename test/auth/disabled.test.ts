// An account that is shut stays shut by every way to prove it: a token, another service's word, a certificate.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";
import { afterEach, expect, test } from "@jest/globals";
import { NS_SASL } from "../../xmpp/xml/namespaces.ts";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { RawTcp } from "../attacks/raw.ts";
import { TALK_START } from "../harness/certificates.ts";
import { issue, pemFolder } from "../tls/certificates.ts";

const KEY = "a shared secret of some length, more than 32 bytes";
const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function target(options: Readonly<Record<string, string>>): Promise<Target> {
  const node = await startTarget(options);
  undo.push(() => node.stop());
  await node.account("romeo");
  return node;
}

/** A client that has connected, and sent what proves it to be Romeo; what SASL says. */
async function prove(node: Target, mechanism: string, proof: string, identity?: Parameters<typeof RawTcp.connect>[2]) {
  const { c2s, c2sTls } = node.ports;
  const raw = identity === undefined ? await RawTcp.connect(c2s) : await RawTcp.connect(c2sTls, DOMAIN, identity);
  undo.push(() => raw.destroy());
  await raw.open(DOMAIN);
  const initial = proof === "" ? "=" : Buffer.from(proof).toString("base64");
  raw.send(`<auth xmlns='${NS_SASL}' mechanism='${mechanism}'>${initial}</auth>`);
  return raw.until(/<success|<\/failure>/);
}

/** Open while the account is, shut while it is not, and open again. */
async function isShut(node: Target, tried: () => Promise<string>): Promise<void> {
  expect(await tried()).toContain("<success");
  expect(await node.server.accounts.setDisabled(DOMAIN, "romeo", true)).toBe(true);
  expect(await tried()).toContain("<account-disabled");
  expect(await node.server.accounts.setDisabled(DOMAIN, "romeo", false)).toBe(true);
  expect(await tried()).toContain("<success");
}

test("a token", async () => {
  const providers = JSON.stringify([{ kind: "jwt", algorithm: "HS256", secret: KEY }]);
  const node = await target({ "authentication.providers": providers });
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encoded({ alg: "HS256" })}.${encoded({ sub: "romeo", exp: TALK_START / 1000 + 60 })}`;
  const token = `${signed}.${createHmac("sha256", KEY).update(signed).digest("base64url")}`;
  await isShut(node, () => prove(node, "PLAIN", `\0romeo\0${token}`));
});

test("the word of an HTTP service", async () => {
  const service = createServer((_, response) => response.end('{"accepted":true}')).listen(0, "127.0.0.1");
  undo.push(
    () => service.close(),
    () => service.closeAllConnections(),
  );
  await once(service, "listening");
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
  const node = await target({ "authentication.providers": JSON.stringify([{ kind: "http", url }]) });
  await isShut(node, () => prove(node, "PLAIN", "\0romeo\0whatever"));
});

test("a certificate", async () => {
  const folder = pemFolder();
  undo.push(() => folder.remove());
  // The node's clock stands at the talks' time.
  const from = Math.floor((TALK_START - Date.now()) / 86_400_000) - 1;
  const authority = issue({ commonName: "Clients", ca: true, from, days: from + 30 });
  const clientAuthorities = JSON.stringify([folder.write("clients.pem", authority.certificatePem)]);
  const node = await target({ "authentication.clientAuthorities": clientAuthorities });
  const own = issue({ issuer: authority, from, days: from + 30, xmppAddresses: [`romeo@${DOMAIN}`] });
  const identity = createSecureContext({ cert: own.certificatePem, key: own.keyPem });
  await isShut(node, () => prove(node, "EXTERNAL", "", identity));
});
