// Settings of the module of service contact addresses. XEP-0157.
import { z } from "zod";

const addresses = (whom: string) =>
  z.array(z.string().min(1)).default([]).describe(`URIs of ${whom}, e.g. mailto:admin@example.org.`);

export const ContactsSettings = z
  .strictObject({
    abuse: addresses("whoever takes reports of abuse"),
    admin: addresses("the administrators"),
    feedback: addresses("whoever takes feedback"),
    sales: addresses("whoever sells"),
    security: addresses("whoever takes reports of vulnerabilities"),
    status: addresses("whoever tells how the service is"),
    support: addresses("whoever helps users"),
  })
  .describe("Whom to write to about the service. XEP-0157.");
