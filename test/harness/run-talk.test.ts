// The runner must fail where a talk is wrong: each way a server could disagree is tried against a real one.
import { describe, expect, test } from "@jest/globals";
import { ManualClock } from "./manual-clock.ts";
import { parseTalk } from "./parse-talk.ts";

// Silence is tried here as well: it must not take as long as a busy machine is given elsewhere.
process.env.TALK_PATIENCE ??= "1500";
const { runTalk } = await import("./run-talk.ts");

async function run(lines: string): Promise<void> {
  const talk = parseTalk(`Title\nserver verona.test\n${lines}`, "x.talk");
  for (const one of talk.cases) await runTalk(talk, one);
}

const PAIR = "romeo = romeo@verona.test/a\njuliet = juliet@verona.test/b online\n";
const SENT = `${PAIR}romeo > <message to="juliet@verona.test/b" type="chat"><body>Hark</body></message>\n`;
const CAME = '<message from="romeo@verona.test/a" type="chat"><body>Hark</body></message>';

test("a talk that goes as written passes", () => run(`${SENT}juliet < ${CAME}\njuliet quiet`));

describe("fails", () => {
  test("on another text, with the difference and the transcript", async () => {
    const failure = run(`${SENT}juliet < ${CAME.replace("Hark", "Soft")}`);
    await expect(failure).rejects.toThrow('message/body: expected text "Soft", got "Hark"');
    await expect(failure).rejects.toThrow(/x\.talk:6: Title[\s\S]*juliet +< <message[\s\S]*<body>Hark</);
  });

  test("on a stanza that no line expects, at the end", () =>
    expect(run(SENT)).rejects.toThrow(/juliet: unexpected <message/));

  test("on a stanza that comes where all should be quiet", () =>
    expect(run(`${SENT}juliet quiet\njuliet < ${CAME}`)).rejects.toThrow(
      /x\.talk:6[\s\S]*juliet: unexpected <message/,
    ));

  test("on silence", async () => {
    const patience = /romeo: nothing came within \d+ ms[\s\S]*expected <message/;
    await expect(run(`${PAIR}romeo < ${CAME}`)).rejects.toThrow(patience);
  });

  test("on a stanza that came before the expected one", () =>
    expect(
      run(`${SENT}romeo > <message to="juliet@verona.test/b" id="2"/>\njuliet < <message id="2" {...}/>`),
    ).rejects.toThrow(/got +<message[\s\S]*Hark/));

  test("when none of a block fits", () =>
    expect(
      run(`${SENT}any order\n  juliet < <message id="1" {...}/>\n  juliet < <message id="2" {...}/>`),
    ).rejects.toThrow("none of the expected came"));

  test("when the connection ends unexpectedly", () =>
    expect(run(`${PAIR}romeo > <message></presence>`)).rejects.toThrow(/romeo: unexpected[\s\S]*not-well-formed/));

  test("when it does not end", () =>
    expect(run(`${PAIR}romeo > <message to="x@verona.test" type="headline"/>\nromeo closed`)).rejects.toThrow(
      "the end of the connection",
    ));

  test("on another stream error", () =>
    expect(run(`${PAIR}romeo > <message></presence>\nromeo sees error invalid-xml`)).rejects.toThrow("invalid-xml"));

  test("when a peer gets what no line expects", () =>
    expect(run(`peer capulet.test\n${PAIR}romeo > <message to="x@capulet.test"/>\ncapulet quiet`)).rejects.toThrow(
      /capulet: unexpected <message/,
    ));

  test("on a client that cannot log in", () =>
    expect(run("romeo = romeo@verona.test/a password=wrong")).rejects.toThrow("not-authorized"));

  test("on a stranger's name", () => expect(run("romeo > <presence/>")).rejects.toThrow("nobody is called romeo"));
});

test("the clock fires timers in order, also those that timers set, and never by itself", async () => {
  const clock = new ManualClock(1000);
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
  clock.setTimeout(note("late"), 50);
  clock.setTimeout(() => {
    note("early")();
    clock.setTimeout(note("after"), 10);
  }, 20);
  clock.clearTimeout(clock.setTimeout(note("never"), 5));
  await clock.advance(19);
  expect(fired).toEqual([]);
  await clock.advance(31);
  expect(fired).toEqual(["early@1020", "after@1030", "late@1050"]);
  expect(clock.now()).toBe(1050);
});
