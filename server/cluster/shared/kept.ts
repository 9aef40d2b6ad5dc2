// Values of accounts in bounded memory: those of accounts connected here stay, of the others those lately asked for.

/** Values of accounts that are not connected here, and bytes of them. */
const IDLE_ACCOUNTS = 20_000;
const IDLE_BYTES = 32 * 1024 * 1024;
/** Part of it that is left when room was made, so that it is made once for many. */
const LEFT = 3 / 4;
/** Bytes of a place itself. */
const PLACE = 160;

/** Bounds of what is kept. */
export interface KeptBounds {
  readonly accounts: number;
  readonly bytes: number;
}

interface Place<T> {
  readonly value: T;
  readonly bytes: number;
  /** Asked for since room was made. */
  used: boolean;
}

/** What is kept, by account. */
export class Kept<T> {
  private readonly isHere: (local: string) => boolean;
  private readonly bounds: KeptBounds;
  private readonly places = new Map<string, Place<T>>();
  private total = 0;
  /** When room is to be made: the bounds, and beside them what belonged to accounts connected here at that time. */
  private at: KeptBounds;

  /** `isHere`: true for an account that is connected to this node. */
  constructor(isHere: (local: string) => boolean, bounds: KeptBounds = { accounts: IDLE_ACCOUNTS, bytes: IDLE_BYTES }) {
    this.isHere = isHere;
    this.bounds = bounds;
    this.at = bounds;
  }

  get size(): number {
    return this.places.size;
  }

  /** Bytes, nearly. */
  get bytes(): number {
    return this.total;
  }

  get(local: string): T | undefined {
    const place = this.places.get(local);
    if (place === undefined) return undefined;
    place.used = true;
    return place.value;
  }

  set(local: string, value: T, bytes: number): void {
    this.delete(local);
    const place = { value, bytes: bytes + PLACE + 2 * local.length, used: false };
    this.places.set(local, place);
    this.total += place.bytes;
    if (this.places.size > this.at.accounts || this.total > this.at.bytes) this.makeRoom();
  }

  delete(local: string): void {
    const place = this.places.get(local);
    if (place === undefined) return;
    this.places.delete(local);
    this.total -= place.bytes;
  }

  clear(): void {
    this.places.clear();
    this.total = 0;
    this.at = this.bounds;
  }

  /** The oldest go that were not asked for since the last time; then the oldest. */
  private makeRoom(): void {
    const idle = [...this.places].filter(([local]) => !this.isHere(local));
    let accounts = idle.length;
    let bytes = idle.reduce((sum, [, place]) => sum + place.bytes, 0);
    const here = { accounts: this.places.size - accounts, bytes: this.total - bytes };
    this.at = { accounts: here.accounts + this.bounds.accounts, bytes: here.bytes + this.bounds.bytes };
    // Below the bounds as well: whoever is connected next would be looked at with all others again.
    const tooMuch = () => accounts > this.bounds.accounts * LEFT || bytes > this.bounds.bytes * LEFT;
    for (const used of [false, true])
      for (const [local, place] of idle) {
        if (place.used !== used || !tooMuch()) continue;
        this.delete(local);
        accounts--;
        bytes -= place.bytes;
      }
    for (const [, place] of idle) place.used = false;
  }
}
