#!/usr/bin/env bash
# The referee: fixed vendors, an independent caller and a process meter, none of which knows Parley, against bin/parley serve.
#   run.sh [CALLS ...]        default: 1 100
# ENDPOINTING=auto|sensitive|relaxed (sensitive) · TURNS (6) · BARGE every Nth turn (3) · PARLEY (bin/parley)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
parley=${PARLEY:-$here/../../bin/parley}
turns=${TURNS:-6} barge=${BARGE:-3} endpointing=${ENDPOINTING:-sensitive}
[ $# -gt 0 ] || set -- 1 100
[ -x "$parley" ] || { echo "run.sh: $parley is not there: make build first" >&2; exit 1; }
tmp=$(mktemp -d)
pids=()
cleanup() { kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"; }
trap cleanup EXIT
(cd "$here" && go build -o "$tmp/bin/" ./...)

vendors=127.0.0.1:19100 http=127.0.0.1:18080 sip=127.0.0.1:15060 key=referee
"$tmp/bin/fakeproviders" -addr "$vendors" 2>"$tmp/vendors.log" & pids+=($!)
env -u OPENAI_API_KEY -u DEEPGRAM_API_KEY PARLEY_DATA="$tmp/data" PARLEY_HTTP=$http PARLEY_SIP=$sip PARLEY_API_KEY=$key PARLEY_LOG=warn \
  PARLEY_RTP_PORTS=30000-39999 PARLEY_DEBUG=1 \
  OPENAI_API_KEY=x OPENAI_BASE_URL=http://$vendors/v1 DEEPGRAM_API_KEY=x DEEPGRAM_BASE_URL=http://$vendors \
  "$parley" serve >"$tmp/serve.log" 2>&1 & server=$!; pids+=($server)
for _ in $(seq 100); do curl -fs "http://$http/healthz" >/dev/null 2>&1 && break; sleep 0.1; done
agent=$(curl -fsS "http://$http/v1/agents/create" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d '{
  "prompt": {"content": "You answer questions about opening hours."}, "voice": {"type": "voice_deepgram", "model": "aura-2-thalia-en"},
  "transcriber": {"type": "transcriber_deepgram"}, "provider": "openai", "actions": [],
  "endpointing_sensitivity": "'"$endpointing"'"}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')

rest() { awk '/^Pss:/ {print $2/1024}' "/proc/$server/smaps_rollup"; }
printf '%-6s %-22s %-22s %-10s %-14s %-16s %s\n' calls 'added p50 / p95 ms' 'barge-in p50 / p95' 'lost' 'CPU %/call' 'MiB/further call' 'INVITE→200 p50/max'
for n in "$@"; do
  before=$(rest)
  ramp=$((n > 20 ? 50 : 1000))ms
  secs=$((turns * 8 + 5))
  "$tmp/bin/sipcaller" -target $sip -to "$agent" -n "$n" -turns "$turns" -barge "$barge" -ramp $ramp -wav "$here/caller-8k.wav" \
    >"$tmp/turns.$n" 2>"$tmp/calls.$n" & caller=$!; pids+=($caller)
  sleep $((n > 20 ? n / 20 + 5 : 6))
  "$tmp/bin/procmon" -for "$((secs > 40 ? 30 : 15))s" parley=$server >"$tmp/proc.$n"
  wait $caller || true
  python3 - "$n" "$before" "$tmp/turns.$n" "$tmp/calls.$n" "$tmp/proc.$n" <<'PY'
import json, re, sys
n, before, turns, calls, proc = int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]
rows = [json.loads(l) for l in open(turns)]
q = lambda v, p: sorted(v)[min(len(v) - 1, int(p * len(v)))] if v else float("nan")
added = [r["v2v_ms"] - 650 for r in rows if r["v2v_ms"] >= 0]
barge = [r["barge_ms"] for r in rows if r["barge_ms"] >= 0]
lost = sum(r["v2v_ms"] < 0 for r in rows)
log = open(calls).read()
setup = [float(a) * (1000 if u == "s" else 1) for a, u in re.findall(r"answered after ([\d.]+)(ms|s)\b", log)]
p = json.loads(open(proc).readline())
failed = log.count("no agent")
print("%-6d %-22s %-22s %-10s %-14.2f %-16.2f %s" % (
    n, "%.0f / %.0f" % (q(added, .5), q(added, .95)), "%.0f / %.0f" % (q(barge, .5), q(barge, .95)),
    "%d of %d" % (lost, len(rows)) + (", %d calls failed" % failed if failed else ""),
    p["cpu_pct_of_core"] / n, (p["pss_mib"] - before) / n, "%.0f / %.0f ms" % (q(setup, .5), max(setup or [0]))))
PY
  sleep 2
done
