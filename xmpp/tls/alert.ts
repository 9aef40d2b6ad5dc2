// Alerts of TLS 1.3: why a connection ends. RFC 8446 §6.

/** Alerts that are sent or told apart here. RFC 8446 §6. */
export const ALERTS = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  illegal_parameter: 47,
  decode_error: 50,
  internal_error: 80,
  user_canceled: 90,
} as const;

/** Name of an alert that is sent or told apart here. */
export type Alert = keyof typeof ALERTS;

/** What the peer sent breaks TLS: the connection ends with this alert. */
export class RecordFault extends Error {
  readonly alert: Alert;

  constructor(alert: Alert) {
    super(`TLS: ${alert}`);
    this.alert = alert;
  }
}

/** The peer ended the connection by an alert, whatever level it has. RFC 8446 §6.2. */
export class PeerAlert extends Error {
  /** The alert's number, as the peer sent it. */
  readonly code: number;

  constructor(code: number) {
    const name = Object.entries(ALERTS).find(([, each]) => each === code)?.[0] ?? code;
    super(`TLS: the peer ended the connection (${name})`);
    this.code = code;
  }
}
