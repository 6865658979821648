#!/bin/bash
# postgres.sh COMMAND…: runs a command beside a PostgreSQL server of its own, whose address is in PARLEY_TEST_POSTGRES. The server
# listens on a free port of the loopback, lives in a folder of its own, and is gone when the command has ended. A server that
# PARLEY_TEST_POSTGRES names already is used as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${PARLEY_TEST_POSTGRES:-}" ]; then
	exec "$@"
fi

find_bin() { find /usr/lib/postgresql /usr/local/pgsql -name pg_ctl -printf "%h\n" 2>/dev/null | sort -V | tail -1 || true; }
bin=$(find_bin)
if [ -z "$bin" ]; then
	scripts/install.sh postgresql
	bin=$(find_bin)
fi
[ -n "$bin" ] || { echo "postgres.sh: there is no PostgreSQL server on this machine" >&2; exit 1; }

dir=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL does not run as root
	id postgres >/dev/null 2>&1 || useradd --system --home-dir "$dir" postgres
	chown postgres "$dir"
	as=(setpriv --reuid postgres --regid "$(id -g postgres)" --clear-groups env HOME="$dir")
fi
stop() {
	"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

(cd "$dir" && "${as[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null)
for try in 1 2 3 4 5; do
	port=$((20000 + RANDOM % 12000))
	# Nothing here outlives the server, so nothing has to reach the disk, unless FSYNC=on says that it is to be as on a real one.
	sync=${FSYNC:-off}
	options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c fsync=$sync -c full_page_writes=$sync -c max_connections=200"
	if (cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "$options" start >/dev/null); then
		export PARLEY_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
		"$@"
		exit
	fi
	[ "$try" != 5 ] || { cat "$dir/log" >&2; exit 1; }
done
