// Which program the nodes of a region run: this checkout's own, or that of the checkout which the region's image names.
import { isAbsolute, join } from "node:path";

const own = join(import.meta.dirname, "..", "..");

/** The node's program of an image. An absolute path is a checkout of another version; any other image is this one. */
export function programOf(image: string): string {
  return join(isAbsolute(image) ? image : own, "app", "main.ts");
}
