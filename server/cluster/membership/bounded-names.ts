// Names of members that are gone, as many as anybody could still speak of.

/** Names remembered; the oldest are forgotten first. */
const LIMIT = 1_000;

/** A set of names that does not grow for ever. */
export class BoundedNames {
  private readonly names = new Set<string>();

  add(name: string): void {
    this.names.add(name);
    if (this.names.size > LIMIT) this.names.delete(this.names.values().next().value as string);
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  delete(name: string): void {
    this.names.delete(name);
  }
}
