#!/bin/bash
# client-ts.sh: generates the TypeScript client's types from the contract that a server of this build serves, builds the client and runs
# its tests against that server. Fails when the types in the tree are not the contract's.
set -euo pipefail
cd "$(dirname "$0")/.."
{ command -v node && command -v npm; } >/dev/null || scripts/install.sh nodejs npm
scripts/install.sh curl python3
tmp=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid" || true; }; rm -rf "$tmp"' EXIT

free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
http=$(free)
sip=$(free)
export PARLEY_URL=http://127.0.0.1:$http PARLEY_API_KEY=sk_test_client
PARLEY_DATA=$tmp/data PARLEY_HTTP=127.0.0.1:$http PARLEY_SIP=127.0.0.1:$sip PARLEY_RTP_PORTS=25000-25999 bin/parley serve >"$tmp/log" 2>&1 &
pid=$!
for _ in $(seq 100); do curl -fs "$PARLEY_URL/readyz" >/dev/null && break; sleep 0.1; done
curl -fs "$PARLEY_URL/readyz" >/dev/null || { cat "$tmp/log"; exit 1; }
export PARLEY_SIP_URI=sip:demo@127.0.0.1:$sip

cd client/ts
npm ci --no-audit --no-fund --loglevel error
npm run --silent generate
git diff --exit-code --stat -- src/schema.ts || { echo "client/ts/src/schema.ts was not generated from this contract; it is now: commit it" >&2; exit 1; }
npm run --silent build
npm run --silent test
