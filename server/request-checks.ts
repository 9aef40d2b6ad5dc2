// Options of Node's HTTP servers that every listener shares.

/** How often it is looked for requests that take too long, ms; Node's own 30 s would be added to what each has. */
export const REQUEST_CHECKS = { connectionsCheckingInterval: 1_000 };
