// An element's text with every namespace declaration it leans on. Namespaces in XML 1.0 §5.
import { Element } from "ltx";
import { serialize } from "./serialize.ts";

/**
 * The text of an element that can stand alone: what it, or anything within, takes from declarations around it is
 * declared on it. Names and prefixes stay as they were written.
 */
export function selfContained(element: Element): string {
  const missing: Record<string, string> = {};
  collect(element, element, new Set(["xml"]), missing);
  const whole = new Element(element.name);
  Object.assign(whole.attrs, missing, element.attrs);
  whole.children = element.children;
  return serialize(whole);
}

/** Notes what is used within `element` and declared neither there nor on its way from `root`. */
function collect(root: Element, element: Element, outer: ReadonlySet<string>, missing: Record<string, string>): void {
  const declared = new Set(outer);
  for (const name of Object.keys(element.attrs)) {
    if (name === "xmlns") declared.add("");
    else if (name.startsWith("xmlns:")) declared.add(name.slice(6));
  }
  for (const prefix of prefixesOf(element)) {
    if (declared.has(prefix)) continue;
    const namespace = root.findNS(prefix);
    if (namespace !== undefined) missing[prefix === "" ? "xmlns" : `xmlns:${prefix}`] = namespace;
  }
  for (const child of element.children) if (typeof child !== "string") collect(root, child, declared, missing);
}

/** Prefixes in use; "" for the default namespace, which attributes do not take part in. */
function* prefixesOf(element: Element): Generator<string> {
  const colon = element.name.indexOf(":");
  yield colon === -1 ? "" : element.name.slice(0, colon);
  for (const name of Object.keys(element.attrs)) {
    const end = name.indexOf(":");
    if (end > 0 && !name.startsWith("xmlns:")) yield name.slice(0, end);
  }
}
