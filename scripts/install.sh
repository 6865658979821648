#!/bin/sh
# install.sh PACKAGE…: installs the Debian packages that are missing. Where it cannot, it says what to type and goes on: whoever
# needs a package says so itself.
set -eu
command -v dpkg-query >/dev/null 2>&1 || { echo "not Debian: these have Debian's names and must be there: $*" >&2; exit 0; }
missing=
for p in "$@"; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "missing packages; install them with: sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing"
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
