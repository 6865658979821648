#!/bin/sh
# reproduce.sh: releases what is committed twice, from two clones in folders of unlike names, the second with an empty build cache,
# and fails when one byte differs.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q . "$work/one"
git clone -q . "$work/the second, elsewhere"
(cd "$work/one" && DIST="$work/1" scripts/release.sh "${1:-v0.0.0}")
(cd "$work/the second, elsewhere" && GOCACHE="$work/cache" DIST="$work/2" scripts/release.sh "${1:-v0.0.0}")
cmp "$work/1/SHA256SUMS" "$work/2/SHA256SUMS"
(cd "$work/2" && sha256sum -c --quiet "$work/1/SHA256SUMS")
echo "the same bytes twice"
