// Keys of what is noted of a stanza.

/** Typed key of a per-stanza fact that stages pass on (see `Stanza.note`). */
export class NoteKey<T> {
  declare readonly type: T;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
