// Runs the talks of federation: conversations with remote servers that we impersonate. See test/talks/README.md.
import { join } from "node:path";
import { testTalks } from "../harness/talk-suite.ts";

testTalks({ folder: join(import.meta.dirname, "talks") });
