// Strangers learn from no answer whether there is an account: everything an account answers to is tried.
import { expect, test } from "@jest/globals";
import { parseElement } from "../../server/xml/tree.ts";
import { DOMAIN, startTarget } from "./node.ts";
import { plain, RawTcp } from "./raw.ts";

/** What a stranger is told, where it is anything but `service-unavailable`. XEP-0030 §8. */
const ANSWERS: Readonly<Record<string, string>> = { "get http://jabber.org/protocol/disco#items query": "result" };

test("each request to an account is answered alike where it exists and where not", async () => {
  const target = await startTarget();
  try {
    for (const local of ["juliet", "tybalt"]) await target.account(local);
    const host = target.server.router.hosts.get(DOMAIN);
    const payloads = [...(host?.iqHandlers.payloads("account") ?? []), ["get", "urn:nobody:knows", "query"] as const];
    expect(payloads.length).toBeGreaterThan(10);
    const raw = await RawTcp.connect(target.ports.c2s);
    await raw.open(DOMAIN);
    raw.send(plain("tybalt", "pencil"));
    await raw.until("<success");
    await raw.open(DOMAIN);
    raw.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    await raw.until("</iq>");
    const ask = async (local: string, [type, xmlns, name]: readonly [string, string, string]) => {
      raw.send(
        `<iq type='${type}' id='q' to='${local}@${DOMAIN}'><${name} xmlns='${xmlns}'/></iq><iq type='get' id='after' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`,
      );
      const text = await raw.until(/<iq[^>]* id='after'[^>]*>/);
      return text.slice(0, text.lastIndexOf("<iq")).replaceAll(`${local}@`, "x@");
    };
    for (const payload of payloads) {
      const there = await ask("juliet", payload);
      expect(there).toBe(await ask("nobody", payload));
      const answer = parseElement(there, "jabber:client");
      const told =
        answer.attrs.type === "result" ? "result" : answer.getChild("error")?.getChildElements()[0]?.getName();
      expect([payload.join(" "), told]).toEqual([
        payload.join(" "),
        ANSWERS[payload.join(" ")] ?? "service-unavailable",
      ]);
    }
    raw.destroy();
  } finally {
    await target.stop();
  }
});
