# slixmpp as a client that is told what to do by JSON lines, and tells what it sees. See foreign-client.ts.
import asyncio
import json
import logging
import sys

import slixmpp

login = json.loads(sys.argv[1])
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def tell(event, **facts):
    print(json.dumps({"event": event, **{k: v for k, v in facts.items() if v}}), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(login["jid"], login["password"], sasl_mech=login.get("mechanism"))
        self.ca_certs = login["authority"]
        # Subscriptions are the test's business.
        self.auto_authorize = None
        self.auto_subscribe = False
        self.register_plugin("xep_0199")
        self.add_event_handler("session_start", lambda _: tell("online", jid=self.boundjid.full))
        self.add_event_handler("failed_all_auth", lambda _: tell("error", text="failed to authenticate"))
        self.add_event_handler("connection_failed", lambda why: tell("error", text=str(why)))
        self.add_event_handler("message", lambda m: tell("message", **{"from": str(m["from"])}, type=m["type"], body=m["body"]))
        self.add_event_handler("presence", self.saw_presence)
        self.add_event_handler("disconnected", lambda _: tell("offline"))

    async def _pick_dns_answer(self, domain, service=None):
        # The address is given: nothing is to be looked up.
        return None

    def saw_presence(self, presence):
        kind = presence.xml.attrib.get("type", "available")
        tell("presence", **{"from": str(presence["from"])}, type=kind)


async def obey(client):
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        what = command["do"]
        if what == "message":
            client.send_message(mto=command["to"], mbody=command["body"], mtype="chat")
        elif what == "presence":
            client.send_presence(pto=command.get("to"), ptype=command.get("type"))
        elif what == "roster":
            # With roster versions the answer may be empty: what it keeps counts.
            await client.get_roster()
            roster = client.client_roster
            tell("roster", items={jid: roster[jid]["subscription"] for jid in roster.keys() if jid != client.boundjid.bare})
        elif what == "stop":
            break
    await client.disconnect(wait=1)


async def main():
    client = Client()
    # An address and not a name: for a name it would look up SRV records.
    host, port = login["service"].replace("localhost", "127.0.0.1").rsplit(":", 1)
    direct = login["transport"] == "tls"
    # The name of SNI, and what the certificate must be for.
    client.default_domain = client.boundjid.host
    client.connect((host, int(port)), use_ssl=direct, force_starttls=not direct)
    await obey(client)


asyncio.get_event_loop().run_until_complete(main())
