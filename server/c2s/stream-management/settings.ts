// How much of stream management a session may have.

/** Settings of stream management. */
export interface SmSettings {
  /** Seconds a broken session waits for its client. */
  readonly resumeSeconds: number;
  /** Stanzas that may be unacknowledged. */
  readonly maxUnacked: number;
  /** Characters that may be unacknowledged. */
  readonly maxUnackedSize: number;
  /** Characters that a reader that does not read may cost altogether. */
  readonly readerSize: number;
}
