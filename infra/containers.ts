// The containers of a node's task, as ECS wants them told. Pure.
import type { NodeConfigInput } from "../contract/contract.ts";
import { collectorConfig } from "./metrics.ts";
import { files, linksPort, metricsPort, openPorts } from "./ports.ts";

/** What the containers of a node are made from. */
export interface ContainersInput {
  readonly image: string;
  readonly config: NodeConfigInput;
  readonly world: string;
  readonly region: string;
  readonly awsRegion: string;
  readonly logGroup: string;
  readonly metricsLogGroup: string;
  readonly keeper: KeeperSettings;
  /** In the host's network ports are the host's own. */
  readonly hostNetwork: boolean;
}

/** What the keeper fetches, by name; no secret itself. */
export interface KeeperSettings {
  readonly databaseSecret: string;
  readonly databaseHost: string;
  readonly certificateSecret: string;
  readonly worldKey: string;
  readonly cacheId: string;
  readonly cacheUser: string;
  /** PEM of the world's authority; empty: none. */
  readonly worldAuthority: string;
}

/** Name of the container that the load balancer sends to. */
export const serverContainer = "server";

/** Digest or version, never a moving tag: https://gallery.ecr.aws/aws-observability/aws-otel-collector */
export const collectorImage = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3";

const volume = "run";
const user = "1000:1000";

/** The three containers of a node: keeper (secrets to files), server, collector (measures to CloudWatch). */
export function nodeContainers(input: ContainersInput): object[] {
  return [keeper(input), server(input), collector(input)];
}

/** The volume they share. */
export const nodeVolumes = [{ name: volume }];

function server(input: ContainersInput): object {
  return {
    name: serverContainer,
    image: input.image,
    essential: true,
    command: ["node", "infra/image/entry.ts"],
    user,
    readonlyRootFilesystem: true,
    environment: environment({
      MERIDIAN_CONFIG: JSON.stringify(input.config),
      PGPASSFILE: files.pgpass,
      AWS_REGION: input.awsRegion,
    }),
    portMappings: [...openPorts.map(({ target }) => target), linksPort].map((target) => ({
      containerPort: target,
      protocol: "tcp",
      ...(input.hostNetwork && { hostPort: target }),
    })),
    mountPoints: [{ sourceVolume: volume, containerPath: files.folder }],
    dependsOn: [{ containerName: "keeper", condition: "HEALTHY" }],
    healthCheck: healthCheck(["node", "infra/image/health.ts"], 30),
    // The drain has 90 seconds; then ECS kills.
    stopTimeout: 120,
    ulimits: [{ name: "nofile", softLimit: 1_048_576, hardLimit: 1_048_576 }],
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: logs(input, serverContainer),
  };
}

function keeper(input: ContainersInput): object {
  const { keeper } = input;
  return {
    name: "keeper",
    image: input.image,
    essential: false,
    restartPolicy: { enabled: true },
    command: ["node", "infra/image/keeper.ts"],
    user,
    readonlyRootFilesystem: true,
    environment: environment({
      AWS_REGION: input.awsRegion,
      MERIDIAN_WORLD: input.world,
      DATABASE_SECRET: keeper.databaseSecret,
      DATABASE_HOST: keeper.databaseHost,
      CERTIFICATE_SECRET: keeper.certificateSecret,
      WORLD_KEY: keeper.worldKey,
      WORLD_AUTHORITY: keeper.worldAuthority,
      CACHE_ID: keeper.cacheId,
      CACHE_USER: keeper.cacheUser,
    }),
    mountPoints: [{ sourceVolume: volume, containerPath: files.folder }],
    healthCheck: healthCheck(["test", "-f", files.ready], 60),
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: logs(input, "keeper"),
  };
}

function collector(input: ContainersInput): object {
  const { world, region, metricsLogGroup: logGroup } = input;
  return {
    name: "collector",
    image: collectorImage,
    essential: false,
    restartPolicy: { enabled: true },
    readonlyRootFilesystem: true,
    environment: environment({
      AWS_REGION: input.awsRegion,
      AOT_CONFIG_CONTENT: collectorConfig({ world, region, port: metricsPort, logGroup }),
    }),
    logConfiguration: logs(input, "collector"),
  };
}

function healthCheck(command: readonly string[], startPeriod: number): object {
  return { command: ["CMD", ...command], interval: 10, timeout: 5, retries: 3, startPeriod };
}

/** A slow log must not hold a node up: non-blocking, with a bound. */
function logs(input: Pick<ContainersInput, "logGroup" | "awsRegion">, prefix: string): object {
  return {
    logDriver: "awslogs",
    options: {
      "awslogs-group": input.logGroup,
      "awslogs-region": input.awsRegion,
      "awslogs-stream-prefix": prefix,
      mode: "non-blocking",
      "max-buffer-size": "25m",
    },
  };
}

/** Variables in the order of their names, so that a task definition changes only when they do. */
function environment(variables: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(variables)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}

/** The one container that renews certificates by ACME (RFC 8555), run by a schedule. */
export function renewalContainers(
  input: Pick<ContainersInput, "image" | "awsRegion" | "logGroup"> & {
    readonly domains: readonly string[];
    readonly zones: Readonly<Record<string, string>>;
    readonly certificateSecret: string;
    readonly directoryUrl: string;
    readonly contact: string;
  },
): object[] {
  return [
    {
      name: "renew",
      image: input.image,
      essential: true,
      command: ["node", "infra/image/renew.ts"],
      user,
      readonlyRootFilesystem: true,
      environment: environment({
        ACME_CONTACT: input.contact,
        ACME_DIRECTORY: input.directoryUrl,
        AWS_REGION: input.awsRegion,
        CERTIFICATE_DOMAINS: input.domains.join(" "),
        CERTIFICATE_SECRET: input.certificateSecret,
        CERTIFICATE_ZONES: JSON.stringify(input.zones),
      }),
      logConfiguration: logs(input, "renew"),
    },
  ];
}
