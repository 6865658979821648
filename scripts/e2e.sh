#!/bin/bash
# The tests against real telephones and browsers, on the database server that postgres.sh has started. They keep time with programs
# that are not ours, on a machine that may be busy: up to five that fail are run once more, alone, and fail when they fail again.
# What they said the first time is printed whole either way.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() {
	${GO:-go} test -tags e2e -count 1 -timeout 50m "$@" ./e2e 2>&1 | tee "$log"
	return "${PIPESTATUS[0]}"
}

run -parallel 4 && exit
mapfile -t failed < <(sed -n 's/^--- FAIL: \([A-Za-z0-9_]*\).*/\1/p' "$log")
[ ${#failed[@]} -gt 0 ] && [ ${#failed[@]} -le 5 ] && ! grep -q '^panic:' "$log" || exit 1
echo "== once more, alone: ${failed[*]}"
run -parallel 1 -run "^($(IFS='|'; echo "${failed[*]}"))\$" || exit 1
echo "== passed the second time, alone: ${failed[*]}"
