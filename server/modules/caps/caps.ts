// The server's capabilities in its stream features, so that clients need not ask. XEP-0115 §6.3.

import { createHash } from "node:crypto";
import { CapsSettings } from "../../../contract/modules/caps.ts";
import { NS_DATA_FORMS } from "../../../xmpp/stanza/data-form.ts";
import { escapeAttribute } from "../../../xmpp/xml/escape.ts";
import { parseElement } from "../../../xmpp/xml/tree.ts";
import { defineModule } from "../../module/define.ts";
import type { DiscoReading } from "../../module/disco-registry.ts";

const NS_CAPS = "http://jabber.org/protocol/caps";

/** The module of entity capabilities. */
export const caps = defineModule({
  name: "caps",
  implements: ["XEP-0115 1.6.0"],
  needs: ["disco"],
  config: CapsSettings,
  activate(host, { node }) {
    const entry = host.disco.host;
    let told: Told | undefined;
    // Computed when it is asked for: modules that start later add to it, and others may come and go.
    const current = () => {
      if (told?.revision !== entry.revision) {
        const ver = verification(entry);
        const element = `<c xmlns='${NS_CAPS}' hash='sha-1' node='${escapeAttribute(node)}' ver='${ver}'/>`;
        told = { revision: entry.revision, node: `${node}#${ver}`, element };
      }
      return told;
    };
    host.disclose("host", { features: [NS_CAPS], alias: (asked) => asked === current().node });
    host.streamFeature({
      name: "caps",
      phase: "after authentication",
      advertise: () => current().element,
    });
  },
});

/** What clients were told, as long as nothing changes in what it sums up. */
interface Told {
  readonly revision: number;
  readonly node: string;
  readonly element: string;
}

/** The verification string. XEP-0115 §5.1. */
export function verification(entry: DiscoReading): string {
  const identities = entry.identities.map(({ category, type, name }) => `${category}/${type}//${name ?? ""}<`);
  const features = [...entry.features].map((feature) => `${feature}<`);
  const text = `${identities.sort().join("")}${features.sort().join("")}${forms(entry).sort().join("")}`;
  return createHash("sha1").update(text, "utf8").digest("base64");
}

function forms(entry: DiscoReading): string[] {
  return entry.forms.map((text) => {
    const fields = parseElement(text)
      .getChildren("field", NS_DATA_FORMS)
      .map((field) => ({
        name: field.attrs.var ?? "",
        values: field.getChildren("value", NS_DATA_FORMS).map((value) => value.getText()),
      }));
    const type = fields.find(({ name }) => name === "FORM_TYPE")?.values[0] ?? "";
    const rest = fields
      .filter(({ name }) => name !== "FORM_TYPE")
      .map(
        ({ name, values }) =>
          `${name}<${values
            .map((value) => `${value}<`)
            .sort()
            .join("")}`,
      );
    return `${type}<${rest.sort().join("")}`;
  });
}
