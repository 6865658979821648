#!/bin/bash
# dashboard.sh: builds the dashboard anew, with its forms from the contract, and runs its own tests. With check it fails when the built files in
# the tree are not those of their source.
set -euo pipefail
cd "$(dirname "$0")/../dashboard"
{ command -v node && command -v npm; } >/dev/null || ../scripts/install.sh nodejs npm
npm ci --no-audit --no-fund --ignore-scripts --loglevel error
${GO:-go} run generate.go
npm run --silent check
npm run --silent build
npm run --silent test
[ "${1:-}" != check ] || [ -z "$(git status --porcelain -- .)" ] || {
	git status --short -- . >&2
	echo "these are not what the dashboard's source makes; they are now: commit them" >&2
	exit 1
}
