// Stores that stay half alive, in short, each once with a kill in the middle.
import { testShortly } from "./short.ts";

testShortly("hung-database --kill");
