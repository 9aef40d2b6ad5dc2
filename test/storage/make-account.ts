// A process of its own that opens a storage and makes one account: node make-account.ts CONFIG-AS-JSON LOCAL-PART
import { StorageConfig } from "../../contract/storage.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import { openStorage } from "../../server/stores.ts";

const [, , config = "", local = ""] = process.argv;
const storage = await openStorage(StorageConfig.parse(JSON.parse(config)));
console.log((await storage.of(ACCOUNTS).create("verona.test", local, {}, Date.now())) ? "made" : "was there");
await storage.close();
