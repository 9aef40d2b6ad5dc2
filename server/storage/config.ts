// The storage part of the configuration contract, as this folder's own name for it.
export { StorageConfig } from "../config/storage.ts";
