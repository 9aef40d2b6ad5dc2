// The records of one TLS 1.3 connection after its handshake: content, changes of keys, alerts. RFC 8446 §5, §4.6.3, §6.
import { ALERTS, type Alert, PeerAlert, RecordFault } from "./alert.ts";
import {
  ALERT,
  APPLICATION_DATA,
  HANDSHAKE,
  HEADER_BYTES,
  inner,
  MOST_CONTENT,
  MOST_PROTECTED,
  OVERHEAD,
  open,
  sealInner,
} from "./protection.ts";
import type { TrafficKeys } from "./traffic-keys.ts";

/** Type of a KeyUpdate, the one message that may come after the handshake. RFC 8446 §4. */
const KEY_UPDATE = 24;
/** A whole KeyUpdate: type, length in three bytes, whether the other side is to change its keys too. */
const KEY_UPDATE_BYTES = 5;
/** A KeyUpdate that asks for none in return. */
const OUR_KEY_UPDATE = Buffer.from([KEY_UPDATE, 0, 0, 1, 0]);
/** Level of an alert that ends the connection; what is not an error is a warning. RFC 8446 §6. */
const [WARNING, FATAL] = [1, 2] as const;

/**
 * Records under one key of ours: an eighth of what AES-GCM may protect, which is 2^24.5 of full size. RFC 8446 §5.5.
 */
export const MOST_RECORDS = 2 ** 21;

/**
 * Records without content that may come one after the other: empty ones, which hide how much is said (RFC 8446 §5.1), and
 * changes of keys, in parts or whole. OpenSSL bounds both by the same number.
 */
export const MOST_IDLE = 32;

/** Text of no more characters than this is never more than one record, whatever they are. */
const SHORT = Math.floor(MOST_CONTENT / 3);

/** What comes of records. */
export interface RecordEvents {
  /** A record was opened that took so many bytes on the wire. */
  opened(bytes: number): void;
  /** Content, in the order it came; never empty. */
  content(bytes: Buffer): void;
  /** The peer changed its keys, which costs us far more than its bytes. */
  peerUpdatedKeys(): void;
  /** Asked before each record: false where what follows is to wait until `receive` is called again. */
  goesOn(): boolean;
}

/** Both directions of one connection. */
export class RecordLayer {
  private readonly receiving: TrafficKeys;
  private readonly sending: TrafficKeys;
  /** What was not opened yet, in bytes of its own: half a record, or all that was told to wait. */
  private kept: Buffer | undefined;
  /** Records without content since the last one with it. */
  private idle = 0;
  /** The peer said that a `close_notify` follows. */
  private canceled = false;
  /** The beginning of a KeyUpdate. RFC 8446 §5.1. */
  private message: Buffer | undefined;
  /** The peer asked us to change our keys before our next content. */
  private updateDue = false;

  /** True where something was told to wait that may be whole records. */
  waiting = false;

  constructor(receiving: TrafficKeys, sending: TrafficKeys) {
    this.receiving = receiving;
    this.sending = sending;
  }

  /**
   * Opens what was kept and what came, as far as `events` lets it. True once the peer said that it sends no more
   * (`close_notify`): what is behind that is not read.
   * @throws RecordFault where the peer breaks the protocol, and PeerAlert where it ended the connection by an error
   */
  receive(chunk: Buffer, events: RecordEvents): boolean {
    const { kept } = this;
    const bytes = kept === undefined ? chunk : chunk.length === 0 ? kept : Buffer.concat([kept, chunk]);
    this.kept = undefined;
    this.waiting = false;
    let at = 0;
    while (at < bytes.length) {
      this.waiting = !events.goesOn();
      if (this.waiting) break;
      const end = endOfRecord(bytes, at);
      if (end === undefined || end > bytes.length) break;
      const { type, content } = open(this.receiving, bytes, at, end);
      events.opened(end - at);
      at = end;
      if (this.take(type, content, events)) return true;
    }
    // What waits in bytes of ours is not copied for each part of it that is opened; half a record is what stays longest.
    if (at < bytes.length) this.kept = this.waiting && bytes === kept ? bytes.subarray(at) : copyOf(bytes.subarray(at));
    return false;
  }

  /** Content as the records that carry it, behind a change of our keys where one is due. */
  seal(text: string): Buffer {
    const change = this.changeKeys();
    const records = text.length > SHORT ? this.sealLong(Buffer.from(text)) : this.sealInner(inner.write(text));
    return change === undefined ? records : Buffer.concat([change, records]);
  }

  /** The record of an alert, the last of ours. */
  alert(alert: Alert): Buffer {
    inner[0] = alert === "close_notify" ? WARNING : FATAL;
    inner[1] = ALERTS[alert];
    return this.sealInner(2, ALERT);
  }

  /** Forgets the keys: nothing can be sent or read any more. */
  wipe(): void {
    this.receiving.wipe();
    this.sending.wipe();
    this.kept = undefined;
    this.waiting = false;
  }

  /** What one record holds; true for `close_notify`. */
  private take(type: number, content: Buffer, events: RecordEvents): boolean {
    if (type === APPLICATION_DATA && this.message === undefined && content.length > 0) {
      this.idle = 0;
      events.content(content);
      return false;
    }
    if (type === ALERT && this.message === undefined && isClosing(content)) return true;
    this.idle += 1;
    if (this.idle > MOST_IDLE) throw new RecordFault("unexpected_message");
    if (type === HANDSHAKE) this.onHandshake(content, events);
    else if (this.message !== undefined || (type !== ALERT && type !== APPLICATION_DATA))
      throw new RecordFault("unexpected_message");
    else if (type === ALERT) {
      if (this.canceled) throw new RecordFault("unexpected_message");
      this.canceled = true;
    }
    return false;
  }

  private sealInner(length: number, type: number = APPLICATION_DATA): Buffer {
    inner[length] = type;
    const out = Buffer.allocUnsafe(length + OVERHEAD);
    sealInner(this.sending, length + 1, out, 0);
    return out;
  }

  private sealLong(bytes: Buffer): Buffer {
    const out = Buffer.allocUnsafe(bytes.length + Math.ceil(bytes.length / MOST_CONTENT) * OVERHEAD);
    let end = 0;
    for (let at = 0; at < bytes.length; at += MOST_CONTENT) {
      const length = bytes.copy(inner, 0, at, at + MOST_CONTENT);
      inner[length] = APPLICATION_DATA;
      end = sealInner(this.sending, length + 1, out, end);
    }
    return out;
  }

  /**
   * The record that tells of our next keys, where the peer asked for them or ours have protected enough. It goes before
   * content alone, so that one who asks again and again is answered once. RFC 8446 §4.6.3.
   */
  private changeKeys(): Buffer | undefined {
    if (!this.updateDue && this.sending.sequence < MOST_RECORDS) return undefined;
    this.updateDue = false;
    const record = this.sealInner(OUR_KEY_UPDATE.copy(inner), HANDSHAKE);
    this.sending.update();
    return record;
  }

  /** A KeyUpdate, whole or in part: no other message may come, nor anything behind it. RFC 8446 §4.6, §5.1. */
  private onHandshake(content: Buffer, events: RecordEvents): void {
    const message = this.message === undefined ? content : Buffer.concat([this.message, content]);
    if (content.length === 0 || message[0] !== KEY_UPDATE) throw new RecordFault("unexpected_message");
    if (message.length < KEY_UPDATE_BYTES) {
      this.message = copyOf(message);
      return;
    }
    if (message.readUIntBE(1, 3) !== 1) throw new RecordFault("decode_error");
    if (message.length > KEY_UPDATE_BYTES) throw new RecordFault("unexpected_message");
    const asked = message[KEY_UPDATE_BYTES - 1] as number;
    if (asked > 1) throw new RecordFault("illegal_parameter");
    this.message = undefined;
    this.receiving.update();
    if (asked === 1) this.updateDue = true;
    events.peerUpdatedKeys();
  }
}

/** Where the record that begins at `at` ends; undefined where its header is not whole. @throws RecordFault */
function endOfRecord(bytes: Buffer, at: number): number | undefined {
  // Nothing is in clear once the handshake is over, a change_cipher_spec neither. RFC 8446 §5.
  if (bytes[at] !== APPLICATION_DATA) throw new RecordFault("unexpected_message");
  if (bytes.length < at + HEADER_BYTES) return undefined;
  const length = bytes.readUInt16BE(at + HEADER_BYTES - 2);
  if (length > MOST_PROTECTED) throw new RecordFault("record_overflow");
  return at + HEADER_BYTES + length;
}

/** True for `close_notify`, false for what can be passed over. @throws PeerAlert for every other alert. RFC 8446 §6. */
function isClosing(content: Buffer): boolean {
  if (content.length === 0) throw new RecordFault("unexpected_message");
  if (content.length !== 2) throw new RecordFault("decode_error");
  const code = content[1] as number;
  // `user_canceled` says that a close_notify follows. RFC 8446 §6.1.
  if (code !== ALERTS.close_notify && code !== ALERTS.user_canceled) throw new PeerAlert(code);
  return code === ALERTS.close_notify;
}

/** Bytes of their own: a slice would hold all of what was read with them. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
