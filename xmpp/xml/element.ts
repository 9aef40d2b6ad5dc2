// Elements of trees made from the network's XML: ltx elements that no attribute name can confuse.
import { Element } from "ltx";
import { NS_XML } from "./namespaces.ts";
import { serialize } from "./serialize.ts";

// Not Object.create(null), whose objects are slow dictionaries; no key is inherited either way.
class Attributes {
  [name: string]: string;
}
Object.setPrototypeOf(Attributes.prototype, null);
Reflect.deleteProperty(Attributes.prototype, "constructor");

/**
 * An ltx element whose attributes are an object without prototype, so that `__proto__` and `constructor` are names like
 * any other, and for which `xmlns=''` takes the default namespace away. Namespaces in XML 1.0 §6.2.
 */
export class XmlElement extends Element {
  override setAttrs(attrs: string | Readonly<Record<string, unknown>>): void {
    const own = new Attributes();
    if (typeof attrs === "string") own.xmlns = attrs;
    else if (attrs) for (const name of Object.keys(attrs)) own[name] = attrs[name] as string;
    this.attrs = own;
  }

  override findNS(prefix?: string): string | undefined {
    if (prefix === "xml") return NS_XML;
    const key = prefix ? `xmlns:${prefix}` : "xmlns";
    for (let element: Element | null = this; element !== null; element = element.parent) {
      const namespace: unknown = element.attrs[key];
      if (typeof namespace === "string") return namespace;
    }
    return prefix ? undefined : "";
  }

  override toString(): string {
    return serialize(this);
  }

  override write(writer: (text: string) => void): void {
    writer(serialize(this));
  }

  /** An attribute without namespace, or the one of that namespace under whichever prefix. */
  override getAttr(name: string, xmlns?: string): string | undefined {
    if (!xmlns) return this.attrs[name];
    for (const key of Object.keys(this.attrs)) {
      const colon = key.length - name.length - 1;
      if (colon > 0 && key[colon] === ":" && key.endsWith(name) && this.findNS(key.slice(0, colon)) === xmlns)
        return this.attrs[key];
    }
    return undefined;
  }
}
