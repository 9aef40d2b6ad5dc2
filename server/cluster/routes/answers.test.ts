// Answers reach the node that asked, wherever they arrive; strangers' answers reach nobody.
import { beforeEach, expect, test } from "@jest/globals";
import { type JoinedBus, JoinedBuses } from "../../../test/harness/joined-buses.ts";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Content } from "../../../xmpp/stanza/content.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { Requests } from "../../delivery/requests.ts";
import { answerWays, newRequestId, takeAnswers } from "./answers.ts";

const HOST = Jid.parse("verona.test");
const OTHER = Jid.parse("capulet.test");

class Node {
  readonly bus: JoinedBus;
  readonly requests: Requests;
  /** Answers that its way to other domains was offered, and takes where `takes` is set. */
  readonly offered: Stanza[] = [];
  takes = false;

  constructor(cluster: JoinedBuses, name: string) {
    this.bus = cluster.join(name);
    this.requests = new Requests(new ManualClock(1), answerWays(this.bus));
    const way = {
      route() {},
      answered: (answer: Stanza) => {
        this.offered.push(answer);
        return this.takes;
      },
    };
    takeAnswers(this.bus, new Map([["verona.test", this]]), () => way);
  }
}

let cluster: JoinedBuses;
let a: Node;
let b: Node;

beforeEach(() => {
  cluster = new JoinedBuses();
  a = new Node(cluster, "a");
  b = new Node(cluster, "b");
});

function iq(type: string, from: Jid, to: Jid, id: string | undefined): Stanza {
  return new Stanza("iq", from, to, new Content(id, type, undefined, "", "/>", []));
}

/** Asks at a node; answers the request's id and what came back. */
function ask(node: Node): { id: string | undefined; answers: (Stanza | undefined)[] } {
  const answers: (Stanza | undefined)[] = [];
  const request = node.requests.expect(iq("get", HOST, OTHER, "chosen"), (answer) => answers.push(answer));
  return { id: request?.id, answers };
}

test("an answer that comes to another node reaches the one that asked", async () => {
  const { id, answers } = ask(a);
  b.requests.answered(iq("result", OTHER, HOST, id));
  await cluster.settle();
  expect(answers).toMatchObject([{ type: "result", id }]);
  expect(a.offered).toHaveLength(1);
});

test("who did not get the question cannot answer it, nor can anybody twice", async () => {
  const { id, answers } = ask(a);
  b.requests.answered(iq("result", Jid.parse("mallory.test"), HOST, id));
  a.requests.answered(iq("result", Jid.parse("mallory.test"), HOST, id));
  await cluster.settle();
  expect(answers).toEqual([]);
  b.requests.answered(iq("error", OTHER, HOST, id));
  b.requests.answered(iq("result", OTHER, HOST, id));
  await cluster.settle();
  expect(answers).toMatchObject([{ type: "error" }]);
});

test("answers nobody asked for go nowhere", async () => {
  for (const id of [undefined, "", "x", ".", "x.abcdefgh", "__proto__", ask(a).id?.replace(/.$/, "~")])
    b.requests.answered(iq("result", OTHER, HOST, id));
  await cluster.settle();
  expect(cluster.seen).toEqual([]);
});

test("an answer that nobody waits for any more is passed on once, and no further", async () => {
  const id = newRequestId(a.bus);
  b.requests.answered(iq("result", OTHER, HOST, id));
  a.requests.answered(iq("result", OTHER, HOST, newRequestId(b.bus)));
  await cluster.settle();
  expect(cluster.seen).toEqual(["b>a iq.answer", "a>b iq.answer"]);
});

test("questions of federation are offered to it first", async () => {
  a.takes = true;
  const { id, answers } = ask(a);
  b.requests.answered(iq("result", OTHER, HOST, id));
  await cluster.settle();
  expect(a.offered).toHaveLength(1);
  expect(answers).toEqual([]);
});

test("ids are told apart and tell no node's name", () => {
  const ids = Array.from({ length: 100 }, () => newRequestId(a.bus));
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^[\w-]{12}\.[\w-]{8}$/);
});
