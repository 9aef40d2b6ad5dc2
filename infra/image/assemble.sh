#!/bin/sh
# Puts together what an image holds: the sources that a node runs, and its packages without those of development.
# usage: assemble.sh DIR      from the repository's root; OFFLINE=1 leaves out the download of Amazon's authorities,
#        WITHOUT_PACKAGES=1 the packages
set -eu
to=${1:?usage: assemble.sh DIR}
mkdir -p "$to/infra"
cp -R app xmpp contract server federation regions "$to/"
cp -R infra/image infra/ports.ts "$to/infra/"
cp package.json package-lock.json LICENSE "$to/" 2>/dev/null || cp package.json package-lock.json "$to/"
find "$to" -name '*.test.ts' -exec rm -f {} +
if [ "${WITHOUT_PACKAGES:-}" != 1 ]; then
  (cd "$to" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
  # The image brings its own Node.
  rm -rf "$to/node_modules/node" "$to"/node_modules/node-bin-* "$to/node_modules/.bin/node"
fi
if [ "${OFFLINE:-}" = 1 ]; then
  : >"$to/rds-authorities.pem"
else
  node -e '
    const url = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem";
    fetch(url).then(async (response) => {
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      require("node:fs").writeFileSync(process.argv[1], await response.text());
    });
  ' "$to/rds-authorities.pem"
fi
