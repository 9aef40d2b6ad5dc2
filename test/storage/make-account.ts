// A process of its own that opens a storage and makes one account: node make-account.ts CONFIG-AS-JSON LOCAL-PART
import { StorageConfig } from "../../server/storage/config.ts";
import { openStorage } from "../../server/storage/open.ts";

const [, , config = "", local = ""] = process.argv;
const storage = await openStorage(StorageConfig.parse(JSON.parse(config)));
console.log((await storage.accounts.create("verona.test", local, {}, Date.now())) ? "made" : "was there");
await storage.close();
