// Negotiation of stream management: enable, resume, and the two small elements. XEP-0198 §3 to §5.
import { countOf } from "../../xmpp/management/count.ts";
import {
  ackText,
  enabledText,
  failedText,
  handledOf,
  resumedText,
  SM_FEATURE,
  tooHighText,
} from "../../xmpp/management/elements.ts";
import { NS_SM } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { C2sFeature, ClientConnection } from "./client-connection.ts";
import { StreamManagement } from "./stream-management/stream-management.ts";

/** The feature. */
export const streamManagementFeature: C2sFeature = {
  name: "stream management",
  phase: "after authentication",
  xmlns: NS_SM,
  // A session that has it already (bound within SASL2) is not offered it again: @xmpp/client would resume itself.
  advertise: ({ session }) => (session?.sm === undefined ? SM_FEATURE : undefined),
  handle(connection, raw) {
    // XEP-0198 §3: too early is a failure of that element, not of the stream.
    if (!connection.authenticated) return connection.stream.send(failedText("unexpected-request"));
    switch (raw.name) {
      case "r":
        if (connection.session?.sm !== undefined) return connection.session.sm.asked();
        return connection.stream.send(ackText(0));
      case "a":
        return acknowledge(connection, raw);
      case "enable":
        return connection.stream.send(enable(connection, raw.attr("resume")));
      case "resume":
        return resume(connection, raw);
      default:
        return connection.stream.fail("unsupported-stanza-type");
    }
  },
};

function acknowledge(connection: ClientConnection, raw: RawElement): void {
  const h = handledOf(raw);
  if (h === undefined) return connection.stream.fail("bad-format", "`h` is no count");
  connection.session?.sm?.acknowledged(h);
}

/** Enables it on a bound session; the answer is `<enabled/>` or `<failed/>` as text. XEP-0198 §3, XEP-0386 §4. */
export function enable(connection: ClientConnection, resume: string | undefined): string {
  const { session, context } = connection;
  if (session === undefined || session.sm !== undefined) return failedText("unexpected-request");
  const resumable = resume === "true" || resume === "1";
  const sm = new StreamManagement({
    session,
    registry: context.resumable,
    resumable,
    settings: context.streamManagement,
  });
  session.sm = sm;
  session.outlet = sm;
  const { location } = context;
  return enabledText(resumable ? { id: sm.id, seconds: sm.settings.resumeSeconds, location } : undefined);
}

async function resume(connection: ClientConnection, raw: RawElement): Promise<void> {
  // The session asked for may be the one that asks: it must not be held up for itself.
  if (connection.session !== undefined) return connection.stream.send(failedText("unexpected-request"));
  const lost = await readyToResume(connection, raw.attr("previd"));
  // A session is not given to a stream that is gone: nothing would ever end it.
  if (!connection.stream.writable) return;
  const answer = resumeSession(connection, raw.attr("previd"), raw.attr("h"), lost);
  if (answer === undefined) return;
  connection.stream.send(answer.text);
  answer.sm?.replay();
}

/** ms that a stanza may take to become safe before the session is resumed: what is not counted then is sent again. */
const SAFE_TIMEOUT = 2_000;

/**
 * Waits for what the old stream brought to be safe, so that little is sent again; a session of another node is brought
 * here. Call it, and then `resumeSession` without any other wait between. Answers how many stanzas were handled
 * of a session that died with its node, where that is known.
 */
export async function readyToResume(connection: ClientConnection, previd = ""): Promise<number | undefined> {
  const { resumable, handover } = connection.context;
  const sm = resumable.find(previd);
  if (sm === undefined) return handover?.fetch(connection, previd);
  if (sm.session.account.bare !== connection.account?.bare) return undefined;
  await quiet(sm);
  if (!connection.stream.writable) sm.session.connection?.stream.release();
  return undefined;
}

/** Reads the session's stream no further, and waits until all it brought is safe, but not for ever. */
export async function quiet(sm: StreamManagement): Promise<void> {
  const { clock } = sm.session.host;
  sm.session.connection?.stream.hold();
  // What the client has yet to take cannot become safe before it is back.
  if (!sm.handled.allSafe && !sm.givesBack)
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, SAFE_TIMEOUT);
      void sm.handled.whenSafe().then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  await sm.settled();
}

/**
 * Resumes a session of the authenticated account on this connection. The caller sends the text (`<resumed/>` or
 * `<failed/>`) and then calls `replay`. Undefined where the stream was ended for a count that cannot be.
 */
export function resumeSession(
  connection: ClientConnection,
  previd: string | undefined,
  hText: string | undefined,
  lost?: number,
): { readonly text: string; readonly sm?: StreamManagement } | undefined {
  const h = countOf(hText);
  if (previd === undefined || h === undefined) return { text: failedText("bad-request") };
  if (connection.session !== undefined) return { text: failedText("unexpected-request") };
  const sm = connection.context.resumable.find(previd);
  if (sm === undefined || sm.session.account.bare !== connection.account?.bare)
    return { text: failedText("item-not-found", lost) };
  const handled = sm.resume(connection, h);
  if (handled === undefined) {
    sm.session.connection?.stream.release();
    const details = tooHighText(h, sm.sent);
    connection.stream.fail("undefined-condition", "more acknowledged than was sent", undefined, details);
    return undefined;
  }
  connection.log.info({ jid: sm.session.jid.full }, "session resumed");
  return { text: resumedText(sm.id, handled), sm };
}
