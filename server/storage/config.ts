// The storage part of the configuration contract, as this folder's own name for it.
export { StorageConfig } from "../../contract/storage.ts";
