// A number and what is counted, as people read it: "1 node", "2 nodes".

/** `plural`: where it takes more than an s. */
export function counted(count: number, what: string, plural = `${what}s`): string {
  return `${count} ${count === 1 ? what : plural}`;
}
