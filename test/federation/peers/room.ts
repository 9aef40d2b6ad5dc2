// What happens in a room of a remote server between a user of ours and one of theirs. XEP-0045.
import { expect } from "@jest/globals";
import type { Client } from "../../../bench/harness/client.ts";

/** Romeo, of ours, and Juliet, of theirs, meet in a room that does not exist yet. */
export async function meet(romeo: Client, juliet: Client, room: string): Promise<void> {
  const join = (nick: string) =>
    `<presence to='${room}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`;
  const said = (body: string) =>
    new RegExp(`<message[^>]*groupchat[^>]*>(?:(?!</message>).)*${body}.*?</message>`, "s");
  // The room is theirs: its owner opens it, and accepts what it is set to (XEP-0045 §10.1.2).
  juliet.send(join("juliet"));
  await juliet.until(/<presence[^>]*from=.ball-[^>]*>(?:(?!<\/presence>).)*code=.110..*?<\/presence>/s);
  juliet.send(
    `<iq type='set' id='room-1' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  );
  await juliet.until(/<iq[^>]*id=.room-1.[^>]*>/);
  romeo.send(join("romeo"));
  await romeo.until(new RegExp(`<presence[^>]*from=.${room}/juliet.`));
  await romeo.until(/<presence[^>]*from=.ball-[^>]*\/romeo.(?:(?!<\/presence>).)*code=.110..*?<\/presence>/s);
  await juliet.until(new RegExp(`<presence[^>]*from=.${room}/romeo.`));
  romeo.send(`<message to='${room}' type='groupchat' id='g1'><body>Good even</body></message>`);
  expect(await juliet.until(said("Good even"))).toContain(`${room}/romeo`);
  // What one says comes back to oneself: the room's reflection crosses as well.
  await romeo.until(said("Good even"));
  juliet.send(`<message to='${room}' type='groupchat' id='g2'><body>Good pilgrim</body></message>`);
  expect(await romeo.until(said("Good pilgrim"))).toContain(`${room}/juliet`);
  romeo.send(`<message to='${room}/juliet' type='chat' id='p1'><body>In private</body></message>`);
  expect(await juliet.until(/<message[^>]*>(?:(?!<\/message>).)*In private.*?<\/message>/s)).toContain(`${room}/romeo`);
  romeo.send(`<iq type='get' id='info-1' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  expect(await romeo.until(/<iq[^>]*id=.info-1.[^>]*>.*?<\/iq>/s)).toContain("http://jabber.org/protocol/muc");
  romeo.send(`<presence to='${room}/romeo' type='unavailable'/>`);
  await juliet.until(new RegExp(`<presence[^>]*(?=[^>]*from=.${room}/romeo.)[^>]*type=.unavailable.`));
}
