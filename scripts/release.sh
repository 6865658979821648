#!/bin/sh
# release.sh [VERSION]: builds what is handed out, into dist/ (or $DIST): for linux on amd64 and arm64 a static binary, and one
# that opens this machine's speech libraries (_speech); each in a .tar.gz with its SBOM, the licences of what is linked and packaging/.
# SHA256SUMS is over them. The same commit, version and Go give the same bytes, wherever they are built: nothing in them is of now or here.
set -eu
cd "$(dirname "$0")/.."
version=${1:-$(git describe --tags --always --dirty)}
dist=${DIST:-dist}
case $version in *[!A-Za-z0-9._+-]* | '') echo "release.sh: \"$version\" is no version" >&2; exit 2 ;; esac
export CGO_ENABLED=0 GOFLAGS='' GOOS=linux TZ=UTC LC_ALL=C
when=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
umask 022
rm -rf "$dist"
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# for this machine, whatever the release is for
env -u GOOS go build -o "$work/inventory" ./packaging/inventory

for arch in ${ARCHES:-amd64 arm64}; do
	for kind in static speech; do
		name=parley_${version}_linux_$arch tags=static,timetzdata
		[ $kind = static ] || name=${name}_speech tags=timetzdata
		folder=$work/$name
		mkdir "$folder"
		echo "building $name"
		GOARCH=$arch go build -trimpath -tags=$tags -ldflags="-s -w -buildid= -X main.version=$version" -o "$folder/parley" ./cmd/parley
		"$work/inventory" --version "$version" --sbom "$folder/parley.cdx.json" --licences "$folder/THIRD_PARTY.txt" "$folder/parley"
		cp LICENSE README.md "$folder"
		cp -r docs "$folder/docs"
		for f in $(git ls-files packaging ':!packaging/*.go'); do
			mkdir -p "$folder/$(dirname "$f")"
			cp "$f" "$folder/$f"
		done
		tar -C "$work" --sort=name --format=gnu --mtime="@$when" --owner=0 --group=0 --numeric-owner --mode='u+rw,go=rX' -cf - "$name" | gzip -n -9 >"$dist/$name.tar.gz"
		cp "$folder/parley.cdx.json" "$dist/$name.cdx.json"
	done
done
cd "$dist"
sha256sum -- *.tar.gz *.cdx.json >SHA256SUMS
cat SHA256SUMS
