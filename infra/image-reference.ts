// Which image a region runs: a tag or digest of the world's registry, in the region's own copy of it. Pure.

/**
 * The whole reference of an image.
 * @param image tag, digest (`sha256:…`), or a whole reference, which is left as it is
 * @param repositoryUrl of the registry's home, such as `123.dkr.ecr.eu-central-1.amazonaws.com/example/meridian`
 */
export function imageReference(image: string, repositoryUrl: string, awsRegion: string): string {
  if (image.includes("/")) return image;
  const url = repositoryUrl.replace(/\.dkr\.ecr\.[a-z0-9-]+\./, `.dkr.ecr.${awsRegion}.`);
  return image.startsWith("sha256:") ? `${url}@${image}` : `${url}:${image}`;
}

/** The ARN of the repository behind such an address; undefined when it is no address of ECR. */
export function repositoryArn(repositoryUrl: string, awsRegion: string): string | undefined {
  const match = /^(\d+)\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/(.+)$/.exec(repositoryUrl);
  return match ? `arn:aws:ecr:${awsRegion}:${match[1]}:repository/${match[2]}` : undefined;
}
