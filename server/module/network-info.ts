// The one form about a server that disco has: several modules add fields to it. XEP-0157 §3, XEP-0128 §3.
import type { DiscoEntry } from "./disco-registry.ts";

const fieldsOf = new WeakMap<DiscoEntry, (() => string)[]>();

/** Adds fields (XML text) to the form of type http://jabber.org/network/serverinfo; a second such form may not be. */
export function addNetworkInfo(entry: DiscoEntry, fields: () => string): void {
  const known = fieldsOf.get(entry);
  if (known !== undefined) {
    known.push(fields);
    return;
  }
  const all = [fields];
  fieldsOf.set(entry, all);
  const type = "<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/network/serverinfo</value></field>";
  entry.forms.push(() => `<x xmlns='jabber:x:data' type='result'>${type}${all.map((field) => field()).join("")}</x>`);
}
