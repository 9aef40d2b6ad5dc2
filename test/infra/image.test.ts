// What runs in the containers of a node beside the server: the keeper of its secrets, and the renewal of certificates.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openAuthority } from "../../app/local-world/certificate-authority.ts";
import { AwsError, cacheToken } from "../../infra/image/aws-request.ts";
import { type KeeperEnvironment, keep } from "../../infra/image/keeper.ts";
import { Challenges, challengeChange, isDue } from "../../infra/image/renew.ts";
import { cloudWatchHealth } from "../../infra/rollout/cloudwatch.ts";
import { type AwsStandIn, type Call, startAwsStandIn } from "./aws-stand-in.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI" };
const environment: KeeperEnvironment = {
  AWS_REGION: "eu-west-1",
  MERIDIAN_WORLD: "two",
  DATABASE_SECRET: "arn:db",
  DATABASE_HOST: "db.example",
  CERTIFICATE_SECRET: "arn:cert",
  WORLD_KEY: "arn:key",
  WORLD_AUTHORITY: "CA",
  CACHE_ID: "eu-1",
  CACHE_USER: "two-eu",
};

let folder: string;
let aws: AwsStandIn;
let certificate: string | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "meridian-keeper-"));
  certificate = undefined;
  aws = await startAwsStandIn(answer);
  process.env.AWS_ENDPOINT_URL = aws.url;
});

afterEach(async () => {
  delete process.env.AWS_ENDPOINT_URL;
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

function answer({ target, path, body }: Call) {
  if (target === "TrentService.GenerateMac") return { Mac: Buffer.from(`mac of ${body}`).toString("base64") };
  if (body.includes("arn:db")) return { SecretString: JSON.stringify({ username: "meridian", password: "a:b\\c" }) };
  if (body.includes("arn:cert") && certificate !== undefined)
    return { SecretString: JSON.stringify({ certificate, key: "KEY" }) };
  if (target.endsWith(".GetMetricData"))
    return {
      MetricDataResults: [
        { Id: "stanzas", Values: [90, 80, 1000], Timestamps: [86_640, 86_400, 86_340] },
        { Id: "sessions", Values: [7, 6], Timestamps: [86_640, 86_580] },
      ],
    };
  if (target.endsWith(".DescribeAlarms")) return { MetricAlarms: [{ AlarmName: "eu-links" }] };
  if (path.includes("/rrset/")) return "<Id>/change/C1</Id>";
  if (path.includes("/change/C1")) return "<Status>INSYNC</Status>";
  return undefined;
}

const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("a node is not ready before its certificate is there; everything else is written already", async () => {
  await expect(keep(environment, credentials, folder)).rejects.toThrow(AwsError);
  expect(existsSync(join(folder, "ready"))).toBe(false);
  expect(read("pgpass")).toBe("db.example:*:*:meridian:a\\:b\\\\c\n");
  certificate = "CERTIFICATE";
  await keep(environment, credentials, folder);
  expect(read("certificate.pem")).toBe("CERTIFICATE");
  expect(read("world-authority.pem")).toBe("CA");
  expect(existsSync(join(folder, "ready"))).toBe(true);
  expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
});

test("a certificate that is renewed is written anew, what is unchanged is left alone", async () => {
  certificate = "FIRST";
  await keep(environment, credentials, folder);
  const before = statSync(join(folder, "pgpass")).ino;
  certificate = "SECOND";
  await keep(environment, credentials, folder);
  expect(read("certificate.pem")).toBe("SECOND");
  expect(statSync(join(folder, "pgpass")).ino).toBe(before);
});

test("the world's secret depends on the world alone, so that every region comes to the same one", async () => {
  certificate = "C";
  await keep(environment, credentials, folder);
  const first = read("world-secret");
  await keep({ ...environment, AWS_REGION: "us-east-2" }, credentials, folder);
  expect(read("world-secret")).toBe(first);
  await keep({ ...environment, MERIDIAN_WORLD: "other" }, credentials, folder);
  expect(read("world-secret")).not.toBe(first);
});

test("the token for Valkey is a presigned request of 15 minutes, without a scheme", () => {
  const token = cacheToken("eu-1", "two-eu", "eu-west-1", credentials);
  expect(token).toMatch(/^eu-1\/\?Action=connect&User=two-eu&X-Amz-Expires=900&.*X-Amz-Signature=[0-9a-f]{64}/);
});

test("a certificate is due when it is missing, ends within 30 days, or lacks a domain", async () => {
  const authority = await openAuthority(join(folder, "authority"));
  const { certificate, key } = await authority.issue({ domains: ["eu.example.org", "example.org"], days: 90 });
  const secret = { certificate, key, account: "A" };
  const now = Date.now();
  expect(isDue(undefined, ["example.org"], now)).toBe(true);
  expect(isDue(secret, ["eu.example.org", "example.org"], now)).toBe(false);
  expect(isDue(secret, ["us.example.org"], now)).toBe(true);
  expect(isDue(secret, ["example.org"], now + 59 * 86_400_000)).toBe(false);
  expect(isDue(secret, ["example.org"], now + 61 * 86_400_000)).toBe(true);
});

test("a challenge is answered in the zone of its domain, and waited for", async () => {
  const challenges = new Challenges({ "eu.example.org": "Z1" }, credentials);
  await challenges.publish("eu.example.org", "value");
  expect(aws.calls.map((call) => call.path)).toEqual([
    "POST /2013-04-01/hostedzone/Z1/rrset/",
    "GET /2013-04-01/change/C1",
  ]);
  expect(aws.calls[0]?.body).toBe(challengeChange("UPSERT", "_acme-challenge.eu.example.org.", ["value"]));
});

test("CloudWatch tells sessions, stanzas since midnight and raised alarms of a region", async () => {
  const where = { world: "two", region: "eu", awsRegion: "eu-west-1" };
  const early = 86_400 + 330;
  expect(await cloudWatchHealth(where, credentials, early * 1000)).toEqual({
    sessions: 7,
    stanzas: 170,
    alarms: ["eu-links"],
  });
  const asked = JSON.parse(aws.calls[0]?.body ?? "{}");
  // Whole minutes; shortly after midnight those before it as well, for the sessions.
  expect([asked.StartTime, asked.EndTime]).toEqual([86_400, 86_700]);
  expect(aws.calls.map((call) => call.authorization.split("/")[2])).toEqual(["eu-west-1", "eu-west-1"]);
  const late = await cloudWatchHealth(where, credentials, (86_400 + 3600) * 1000);
  expect(late.sessions).toBe(0);
});
