// Readers that do not read, in short: what each of them costs the node. How others fare is for a quiet machine to say.
import { testShortly } from "./short.ts";

testShortly("slow");
