// Calls of AWS from within a task: credentials of its role, requests signed, answers bounded.
import aws4 from "aws4";

/** Credentials of a task's role. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A call of AWS that failed; `code` is AWS's own, such as ResourceNotFoundException. */
export class AwsError extends Error {
  override name = "AwsError";
  readonly code: string;

  constructor(service: string, code: string, message: string) {
    super(`${service}: ${code}: ${message}`);
    this.code = code;
  }
}

/** ms that one call may take. */
const timeout = 10_000;
const userAgent = "meridian";

/** Credentials of the task's role, from ECS, or from the environment. @throws AwsError when there are none */
export async function taskCredentials(): Promise<Credentials> {
  const {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: key,
  } = process.env;
  if (path !== undefined) {
    const response = await fetch(`http://169.254.170.2${path}`, { signal: AbortSignal.timeout(timeout) });
    const { AccessKeyId, SecretAccessKey, Token } = (await response.json()) as Record<string, string>;
    if (AccessKeyId && SecretAccessKey)
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...(Token && { sessionToken: Token }) };
  }
  if (id !== undefined && key !== undefined) return { accessKeyId: id, secretAccessKey: key };
  throw new AwsError("ecs", "NoCredentials", "neither a task role nor AWS_ACCESS_KEY_ID");
}

/** A service that speaks JSON. */
export interface JsonService {
  readonly service: "secretsmanager" | "kms" | "monitoring";
  readonly target: string;
  /** Version of AWS's JSON protocol. */
  readonly version: "1.0" | "1.1";
  /** Default: AWS_REGION. */
  readonly region?: string;
}

/** A call of Secrets Manager or KMS in the task's own region. @throws AwsError */
export function callJson(
  service: "secretsmanager" | "kms",
  target: string,
  input: object,
  credentials: Credentials,
): Promise<Record<string, unknown>> {
  return callAws({ service, target, version: "1.1" }, input, credentials);
}

/** A call of a service that speaks JSON. @throws AwsError */
export async function callAws(
  { service, target, version, region }: JsonService,
  input: object,
  credentials: Credentials,
): Promise<Record<string, unknown>> {
  const response = await signedFetch(
    {
      service,
      ...(region !== undefined && { region }),
      method: "POST",
      path: "/",
      headers: { "Content-Type": `application/x-amz-json-${version}`, "X-Amz-Target": target },
      body: JSON.stringify(input),
    },
    credentials,
  );
  const text = await response.text();
  const answer = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  if (response.ok) return answer;
  const code = String(answer.__type ?? response.status).replace(/^.*#/, "");
  throw new AwsError(service, code, String(answer.message ?? answer.Message ?? ""));
}

/** Signs a request (Signature Version 4) and sends it to AWS, or to AWS_ENDPOINT_URL. */
export function signedFetch(request: aws4.Request, credentials: Credentials): Promise<Response> {
  const region = process.env.AWS_REGION ?? "us-east-1";
  const signed = aws4.sign({ region, ...request }, { ...credentials });
  const base = process.env.AWS_ENDPOINT_URL ?? `https://${signed.hostname ?? signed.host}`;
  const headers = Object.entries({ "User-Agent": userAgent, ...signed.headers }).flatMap(
    ([name, value]): [string, string][] =>
      value === undefined || /^(host|content-length)$/i.test(name) ? [] : [[name, String(value)]],
  );
  return fetch(`${base}${signed.path ?? "/"}`, {
    method: signed.method ?? "GET",
    headers,
    signal: AbortSignal.timeout(timeout),
    ...(signed.body && { body: signed.body }),
  });
}

/**
 * The password with which an IAM user logs in to Valkey: a presigned request, good for 15 minutes.
 * @param cacheId of the replication group, in lower case
 */
export function cacheToken(cacheId: string, user: string, region: string, credentials: Credentials): string {
  const signed = aws4.sign(
    {
      service: "elasticache",
      region,
      host: cacheId,
      path: `/?Action=connect&User=${encodeURIComponent(user)}&X-Amz-Expires=900`,
      signQuery: true,
    },
    { ...credentials },
  );
  return `${cacheId}${signed.path}`;
}
