// Renews a region's certificate by ACME DNS-01 (RFC 8555 §8.4) when it ends within 30 days, and puts it into its secret.
import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import acme from "acme-client";
import { AwsError, type Credentials, callJson, signedFetch, taskCredentials } from "./aws-request.ts";

/** What the certificate's secret holds. */
export interface CertificateSecret {
  /** PEM: the leaf, then its intermediates. */
  readonly certificate: string;
  readonly key: string;
  /** Key of the ACME account. */
  readonly account: string;
}

const day = 86_400_000;
/** Days before its end at which a certificate is renewed. */
export const renewDays = 30;

/** Whether a certificate must be renewed: it ends soon, or lacks a domain. */
export function isDue(secret: CertificateSecret | undefined, domains: readonly string[], now: number): boolean {
  if (secret === undefined) return true;
  const leaf = new X509Certificate(secret.certificate);
  if (leaf.validToDate.getTime() - now < renewDays * day) return true;
  return domains.some((domain) => leaf.checkHost(domain) === undefined);
}

/** The change of Route 53 that answers a challenge, or takes the answer away. */
export function challengeChange(action: "UPSERT" | "DELETE", name: string, values: readonly string[]): string {
  const records = values.map((value) => `<ResourceRecord><Value>"${value}"</Value></ResourceRecord>`).join("");
  const set = `<Name>${name}</Name><Type>TXT</Type><TTL>30</TTL><ResourceRecords>${records}</ResourceRecords>`;
  return `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes><Change><Action>${action}</Action><ResourceRecordSet>${set}</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
}

/** Answers challenges in Route 53. */
export class Challenges {
  private readonly zones: Readonly<Record<string, string>>;
  private readonly credentials: Credentials;

  constructor(zones: Readonly<Record<string, string>>, credentials: Credentials) {
    this.zones = zones;
    this.credentials = credentials;
  }

  /** Publishes an answer and waits until all name servers of the zone have it. @throws AwsError */
  async publish(domain: string, value: string): Promise<void> {
    const change = await this.change("UPSERT", domain, value);
    const id = /<Id>\/change\/(\w+)<\/Id>/.exec(change)?.[1];
    for (let attempt = 0; attempt < 60 && id !== undefined; attempt += 1) {
      if ((await this.call("GET", `/2013-04-01/change/${id}`)).includes("<Status>INSYNC</Status>")) return;
      await sleep(5000);
    }
    throw new AwsError("route53", "NotInSync", `the answer for ${domain} did not reach the name servers`);
  }

  async remove(domain: string, value: string): Promise<void> {
    await this.change("DELETE", domain, value);
  }

  private change(action: "UPSERT" | "DELETE", domain: string, value: string): Promise<string> {
    const zone = this.zones[domain] ?? "";
    const body = challengeChange(action, `_acme-challenge.${domain}.`, [value]);
    return this.call("POST", `/2013-04-01/hostedzone/${zone}/rrset/`, body);
  }

  private async call(method: string, path: string, body?: string): Promise<string> {
    const headers = { "Content-Type": "application/xml" };
    const request = { service: "route53", method, path, headers, ...(body !== undefined && { body }) };
    const response = await signedFetch(request, this.credentials);
    const text = await response.text();
    if (response.ok) return text;
    throw new AwsError("route53", /<Code>(\w+)</.exec(text)?.[1] ?? String(response.status), path);
  }
}

async function order(
  domains: readonly string[],
  account: string,
  challenges: Challenges,
): Promise<Pick<CertificateSecret, "certificate" | "key">> {
  const client = new acme.Client({ directoryUrl: setting("ACME_DIRECTORY"), accountKey: account });
  const [key, csr] = await acme.crypto.createCsr(
    { commonName: domains[0] ?? "", altNames: [...domains] },
    await acme.crypto.createPrivateEcdsaKey(),
  );
  const contact = setting("ACME_CONTACT");
  const certificate = await client.auto({
    csr,
    termsOfServiceAgreed: true,
    challengePriority: ["dns-01"],
    ...(contact.startsWith("mailto:") && { email: contact.slice(7) }),
    challengeCreateFn: (authorization, _challenge, value) => challenges.publish(authorization.identifier.value, value),
    challengeRemoveFn: (authorization, _challenge, value) => challenges.remove(authorization.identifier.value, value),
  });
  return { certificate, key: key.toString() };
}

async function current(id: string, credentials: Credentials): Promise<CertificateSecret | undefined> {
  try {
    const answer = await callJson("secretsmanager", "secretsmanager.GetSecretValue", { SecretId: id }, credentials);
    return JSON.parse(String(answer.SecretString)) as CertificateSecret;
  } catch (error) {
    if (error instanceof AwsError && error.code === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is needed`);
  return value;
}

async function main(): Promise<void> {
  const credentials = await taskCredentials();
  const id = setting("CERTIFICATE_SECRET");
  const domains = setting("CERTIFICATE_DOMAINS").split(" ");
  const secret = await current(id, credentials);
  if (!isDue(secret, domains, Date.now())) return;
  const account = secret?.account ?? (await acme.crypto.createPrivateEcdsaKey()).toString();
  const zones = JSON.parse(setting("CERTIFICATE_ZONES")) as Record<string, string>;
  const ordered = await order(domains, account, new Challenges(zones, credentials));
  const SecretString = JSON.stringify({ ...ordered, account } satisfies CertificateSecret);
  await callJson("secretsmanager", "secretsmanager.PutSecretValue", { SecretId: id, SecretString }, credentials);
}

if (import.meta.main) await main();
