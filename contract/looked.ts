// The parts of a configuration that its rules look at, also where other parts are wrong: what is wrong is left out.
import { z } from "zod";
import { FROM_SERVERS } from "../xmpp/bounds.ts";
import { StreamLimits, StreamManagementConfig } from "./limits.ts";
import { Address, DomainName } from "./names.ts";

const Domain = z.object({ domain: DomainName.optional().catch(undefined) });
const Served = z.array(
  Domain.extend({ certificate: z.unknown().optional() }).catch({ domain: undefined, certificate: undefined }),
);

const Listener = z.object({
  kind: z.string().catch(""),
  address: Address.catch(""),
  port: z.number().catch(0),
  tls: z.union([z.string(), z.boolean()]).optional().catch(undefined),
  directTls: z.boolean().optional().catch(undefined),
  exposed: z.boolean().optional().catch(undefined),
});

const limits = StreamLimits.parse({});
const streamManagement = StreamManagementConfig.parse({});
const federation = { enabled: true, dialbackSecret: undefined, stanzaBytes: FROM_SERVERS.bytes };

/** Never fails. */
export const Looked = z.object({
  hosts: Served.catch([]),
  components: Served.catch([]),
  listeners: z.array(Listener.catch(Listener.parse({}))).catch([]),
  limits: StreamLimits.catch(limits),
  streamManagement: StreamManagementConfig.catch(streamManagement),
  cluster: z.unknown().optional(),
  federation: z
    .object({
      enabled: z.boolean().catch(true),
      dialbackSecret: z.unknown().optional(),
      stanzaBytes: z.number().catch(FROM_SERVERS.bytes),
    })
    .catch(federation),
});
export type Looked = z.output<typeof Looked>;
