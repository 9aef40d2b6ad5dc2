// How the title of a test that is left out says why: written by `needing.ts`, read by the table at the end.

/** Before the names of what is missing, by commas, and a bracket that closes. */
export const NEEDS = " (needs ";
/** Before any other reason. */
export const LEFT_OUT = " (left out: ";
