// Ids that clients see and page by, made by the node and not by the database.

/** Makes ids of one length, of lower-case letters and digits, whose order as text is the order in which they were made. */
export interface OrderedIds {
  /** A new one, of no other member and of no other start, and after each that this one has made or seen. */
  next(): string;
  /**
   * What follows comes after this one, such as the last that another owner of the same archive stored: its clock may be
   * ahead. @throws TypeError for what is no such id
   */
  seen(id: string): void;
}
