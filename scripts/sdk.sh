#!/bin/sh
# sdk.sh: prints a Python that has the published SDK of the hosted API, made under .cache when it is not there.
set -eu
cd "$(dirname "$0")/.."
dir=$PWD/.cache/sdk-0.0.48
mkdir -p .cache
if ! [ -e "$dir/ready" ] && command -v flock >/dev/null; then # one installs, the others wait for it
	exec 9>.cache/lock
	flock 9
fi
if ! [ -e "$dir/ready" ]; then
	scripts/install.sh python3 python3-venv >&2
	rm -rf "$dir"
	python3 -m venv "$dir" >&2
	"$dir/bin/pip" install --quiet --disable-pip-version-check vocode-api==0.0.48 >&2
	touch "$dir/ready"
fi
echo "$dir/bin/python"
