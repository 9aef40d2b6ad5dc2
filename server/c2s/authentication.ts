// SASL exchanges on client streams, whichever profile carries them: fed, throttled, counted. RFC 6120 §6, XEP-0388.

import { pause } from "../../xmpp/clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { ACCOUNTS } from "../accounts/store.ts";
import { logFailure } from "../observe/failure.ts";
import type { AccountRecord } from "../ports/store.ts";
import type { SaslContext, SaslExchange, SaslFailure, SaslStep } from "../sasl/mechanism.ts";
import { beginExchange, decodeSaslData, offeredMechanisms, refusal } from "../sasl/mechanisms.ts";
import type { ClientConnection } from "./client-connection.ts";

type Success = Extract<SaslStep, { kind: "success" }>;

/** How a profile writes what an exchange says. */
export interface SaslProfile {
  challenge(data: Buffer): string;
  failure(failure: SaslFailure): string;
  /**
   * The stream belongs to the account now: writes the success and what follows from it. `record` is the account as it
   * was let in; undefined for one that lives as long as its stream.
   */
  succeeded(
    connection: ClientConnection,
    account: Jid,
    step: Success,
    record: AccountRecord | undefined,
  ): void | Promise<void>;
}

/** An exchange in progress, with the profile that began it: the two are never mixed. */
interface Running {
  readonly exchange: SaslExchange;
  readonly profile: SaslProfile;
}

const running = new WeakMap<ClientConnection, Running>();

/** What the mechanisms may know of a connection. */
export function saslContext(connection: ClientConnection): SaslContext {
  const { context, stream } = connection;
  const domain = connection.host?.domain ?? "";
  return {
    domain,
    encrypted: stream.transport.encrypted,
    tls: stream.transport.tls?.proof,
    credentials: context.credentials,
    decoySecret: context.decoySecret,
    offered: connection.offeredMechanisms,
    plainWithoutTls: context.authentication.plainWithoutTls,
    anonymous: context.authentication.anonymous,
    clientAuthorities: context.clientAuthorities,
    clock: context.clock,
    decoyIterations: context.decoyIterations,
    report: (error) => logFailure(connection.log, error, "an authentication provider failed"),
  };
}

/** Names to offer now, remembered for downgrade protection. */
export function offer(connection: ClientConnection): readonly string[] {
  const names = offeredMechanisms(saslContext(connection));
  connection.offeredMechanisms = names;
  return names;
}

/** Begins an exchange with the mechanism's initial response as base64 text. */
export function begin(
  connection: ClientConnection,
  profile: SaslProfile,
  mechanism: string,
  initial: string,
): void | Promise<void> {
  running.delete(connection);
  // RFC 6120 §6.5.4
  if (connection.tlsMissing) return fail(connection, profile, { kind: "failure", condition: "encryption-required" });
  const context = saslContext(connection);
  const exchange = beginExchange(mechanism, context);
  if (exchange === undefined)
    return fail(connection, profile, { kind: "failure", condition: refusal(mechanism, context) });
  return run(connection, profile, exchange, initial);
}

/** Runs an exchange that was made elsewhere (FAST), from its first message. */
export function run(
  connection: ClientConnection,
  profile: SaslProfile,
  exchange: SaslExchange,
  initial: string,
): void | Promise<void> {
  // A token or certificate costs little to check, and nobody guesses one: whose it is is never shut out.
  if (exchange.ofDevice === true) return feedNew(connection, profile, exchange, initial);
  // A banned address must not cost the work of checking a password; an account's ban is only looked at after it.
  const go = (banned: boolean) => {
    if (banned) return fail(connection, profile, { kind: "failure", condition: "not-authorized" });
    return feedNew(connection, profile, exchange, initial);
  };
  const banned = connection.context.throttle.banned(undefined, connection.stream.transport.remoteAddress);
  return banned instanceof Promise ? banned.then(go) : go(banned);
}

function feedNew(
  connection: ClientConnection,
  profile: SaslProfile,
  exchange: SaslExchange,
  initial: string,
): void | Promise<void> {
  running.set(connection, { exchange, profile });
  return feed(connection, profile, exchange, initial);
}

/** Takes the peer's next message. */
export function respond(connection: ClientConnection, profile: SaslProfile, text: string): void | Promise<void> {
  const state = running.get(connection);
  if (state?.profile !== profile) return fail(connection, profile, { kind: "failure", condition: "malformed-request" });
  return feed(connection, profile, state.exchange, text);
}

/** The peer gives up. RFC 6120 §6.4.4. */
export function abort(connection: ClientConnection, profile: SaslProfile): Promise<void> {
  return fail(connection, profile, { kind: "failure", condition: "aborted" });
}

function feed(
  connection: ClientConnection,
  profile: SaslProfile,
  exchange: SaslExchange,
  text: string,
): void | Promise<void> {
  const data = decodeSaslData(text);
  if (!Buffer.isBuffer(data)) return fail(connection, profile, data);
  const step = exchange.step(data);
  if (step instanceof Promise) return step.then((settled) => proceed(connection, profile, exchange, settled));
  return proceed(connection, profile, exchange, step);
}

function proceed(
  connection: ClientConnection,
  profile: SaslProfile,
  exchange: SaslExchange,
  step: SaslStep,
): void | Promise<void> {
  switch (step.kind) {
    case "challenge":
      return connection.stream.send(profile.challenge(step.data));
    case "failure":
      return fail(connection, profile, step);
    case "success":
      return exchange.ofDevice === true ? admit(connection, profile, step) : unlessBanned(connection, profile, step);
  }
}

/** The password was right; a ban is looked at only now, so that it tells nothing of the password. */
function unlessBanned(connection: ClientConnection, profile: SaslProfile, step: Success): void | Promise<void> {
  const { throttle } = connection.context;
  const go = (banned: boolean) => (banned ? refuse(connection, profile) : admit(connection, profile, step));
  const account = Jid.prepared(step.local, connection.host?.domain ?? "", "");
  const banned = throttle.banned(account.bare, connection.stream.transport.remoteAddress);
  return banned instanceof Promise ? banned.then(go) : go(banned);
}

function admit(connection: ClientConnection, profile: SaslProfile, step: Success): void | Promise<void> {
  const { host } = connection;
  running.delete(connection);
  const account = Jid.prepared(step.local, host?.domain ?? "", "");
  return step.anonymous === true
    ? open(connection, profile, { account, step, record: undefined })
    : openUnlessChanged(connection, profile, account, step);
}

/** Answers a right password as a wrong one, and as late; it does not count as one. */
function refuse(connection: ClientConnection, profile: SaslProfile): Promise<void> {
  const failure = { kind: "failure", condition: "not-authorized" } as const;
  return answerFailure(connection, profile, failure, connection.context.throttle.refused());
}

/**
 * Every mechanism comes through here. What was proven may be so no more: its password was changed, or its account is gone
 * and its name another's, at whatever node. Only who has proven the account hears that it is shut: to a stranger it is as
 * any other. RFC 6120 §6.5.1.
 */
async function openUnlessChanged(
  connection: ClientConnection,
  profile: SaslProfile,
  account: Jid,
  step: Success,
): Promise<void> {
  const { host, log, stream } = connection;
  let condition: SaslFailure["condition"] | undefined;
  let record: AccountRecord | undefined;
  // What ends the account's streams from here on ends this one, and what came before is read: nothing is between.
  connection.claims = account;
  try {
    record = await host?.storage.of(ACCOUNTS).get(account.domain, account.local);
    if (step.still?.(record) === false) condition = "not-authorized";
    else if (record?.disabled === true) condition = "account-disabled";
  } catch (error) {
    logFailure(log, error, "an account could not be looked up");
    condition = "temporary-auth-failure";
  }
  if (!stream.writable) return;
  if (condition === undefined) return open(connection, profile, { account, step, record });
  connection.claims = undefined;
  return fail(connection, profile, { kind: "failure", condition, account: account.bare });
}

/** An account that has proven itself. */
interface Proven {
  readonly account: Jid;
  readonly step: Success;
  readonly record: AccountRecord | undefined;
}

function open(
  connection: ClientConnection,
  profile: SaslProfile,
  { account, step, record }: Proven,
): void | Promise<void> {
  const { stream, context } = connection;
  // Gone while others were asked: nobody would take back what is counted for it from here on.
  if (!stream.writable) return;
  void context.throttle.succeeded(account.bare, stream.transport.remoteAddress);
  context.metrics.login(true);
  connection.authenticatedAs(account);
  return profile.succeeded(connection, account, step, record);
}

/** A failure is counted, and slowed down once there were several. */
async function fail(connection: ClientConnection, profile: SaslProfile, failure: SaslFailure): Promise<void> {
  running.delete(connection);
  const { stream, context } = connection;
  const guess = failure.condition === "not-authorized";
  const wait = guess ? await context.throttle.failed(failure.account, stream.transport.remoteAddress) : 0;
  await answerFailure(connection, profile, failure, wait);
}

/** Tells the peer after `wait` ms. */
async function answerFailure(
  connection: ClientConnection,
  profile: SaslProfile,
  failure: SaslFailure,
  wait: number,
): Promise<void> {
  const { stream, context } = connection;
  running.delete(connection);
  if (failure.condition === "not-authorized") {
    context.metrics.login(false);
    const { condition } = failure;
    const admitted = context.strangers.admits(stream.transport.remoteAddress, failure.account ?? "");
    connection.log[admitted ? "info" : "debug"]({ condition }, "authentication failed");
  }
  if (wait > 0) await pause(context.clock, wait);
  stream.send(profile.failure(failure));
}
