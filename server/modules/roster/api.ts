// What the roster module offers to those that need it: rosters with their items, and how subscriptions change them.
export { departureKey } from "./end-subscriptions.ts";
export { hasFrom, hasTo, inState, stateOf } from "./item.ts";
export type { RosterItem } from "./port.ts";
export { keptRequest, requestStanza, TOLD_LIMIT } from "./request.ts";
export type { Roster, RosterChange } from "./roster-change.ts";
export { Rosters, rostersApi } from "./rosters.ts";
export { INBOUND, OUTBOUND } from "./subscription-table.ts";
