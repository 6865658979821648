#!/bin/sh
# vendor_sdk.sh npm|pip PACKAGE...: installs vendors' own SDKs, each with its version, under .cache when they are not there. Prints the
# directory of node modules, or the Python that has them. Several may be run at once: one installs, the others wait for it.
set -eu
cd "$(dirname "$0")/.."
kind=$1
shift
dir=$PWD/.cache/$kind-$(echo "$*" | tr -c 'A-Za-z0-9.\n' '-')
mkdir -p .cache
if ! [ -e "$dir/ready" ] && command -v flock >/dev/null; then
	exec 9>.cache/lock
	flock 9
fi
case $kind in
npm)
	if ! [ -e "$dir/ready" ]; then
		{ command -v node && command -v npm; } >/dev/null || scripts/install.sh nodejs npm >&2
		rm -rf "$dir"
		mkdir -p "$dir"
		npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts --loglevel error "$@" >&2
		touch "$dir/ready"
	fi
	echo "$dir/node_modules"
	;;
pip)
	if ! [ -e "$dir/ready" ]; then
		scripts/install.sh python3 python3-venv >&2
		rm -rf "$dir"
		python3 -m venv "$dir" >&2
		"$dir/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
		touch "$dir/ready"
	fi
	echo "$dir/bin/python"
	;;
esac
