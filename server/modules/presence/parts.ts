// What everything that is done with presence needs: its host, and who may see whom.
import type { ModuleHost } from "../../module/define.ts";
import type { Rosters } from "../roster/api.ts";

/** One host's presence; made once, when the module is activated. */
export interface PresenceParts {
  readonly host: ModuleHost;
  readonly rosters: Rosters;
}
