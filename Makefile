# make run and make test work on a fresh Debian 12 with Go: setup installs what is missing when it may.
GO       ?= go
BIN      := bin/parley
SPEECH   := flite espeak-ng pocketsphinx pocketsphinx-en-us lame
PEERS    := baresip-core baresip sip-tester sox curl python3 kamailio kamailio-tls-modules sipvicious iproute2 chromium coturn socat
STATIC   := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 10s
CALLS    ?= 10
KILLS    ?= 200
CUTS     ?= 200
FAULTS   ?= 200
MINUTES  ?= 0
SECONDS  ?= 60
PAIRS    ?= 3
DRAINS   ?= 100
HOURS    ?= 2
BLOWS    ?= 15000000

export CGO_ENABLED ?= 0

.PHONY: all setup peers build run test test-postgres race client-ts dashboard check-dashboard e2e kill drains bench-cluster rolling power chaos bench soak bench-vendors referee fuzz hammer lint release reproduce clean

all: build

# install.sh installs the packages that are missing: by apt when root, else it says what to type.
setup:
	@scripts/install.sh $(SPEECH)

peers: setup
	@scripts/install.sh $(PEERS)

build:
	$(GO) build -trimpath -ldflags='-s -w' -o $(BIN) ./cmd/parley

run: setup build
	$(BIN) serve

# Two packages at a time: tests that speak and hear want the machine to themselves.
test: setup
	$(GO) vet ./...
	$(GO) test -p 2 -timeout 9m ./...

# What is kept, on a PostgreSQL server that lives as long as the test.
test-postgres:
	scripts/postgres.sh $(GO) test -timeout 9m ./store ./job

# The packages where goroutines meet; the race detector needs cgo. Those that live in virtual time get one processor: in Go 1.26 two
# goroutines of a synctest bubble that read due timers at once share one state of the detector, and it crashes.
race: setup
	@scripts/install.sh gcc libc6-dev
	CGO_ENABLED=1 $(GO) test -race -p 2 -timeout 30m ./audio ./rtp/... ./leg/... ./store ./cluster ./web ./bench
	CGO_ENABLED=1 $(GO) test -race -p 2 -cpu 1 -timeout 30m . ./turn ./stt ./llm ./tts ./conversation ./call ./job ./webhook ./phone

# The TypeScript client: generated from the contract, built, and tested against a server.
client-ts: setup build
	scripts/client-ts.sh

# The dashboard's built files, which the server embeds, from their source; the types of the contract are the TypeScript client's.
dashboard:
	scripts/dashboard.sh

# Fails when they are not those of their source.
check-dashboard:
	scripts/dashboard.sh check

e2e: peers build
	GO=$(GO) FSYNC=on scripts/postgres.sh scripts/e2e.sh

# The server is killed so many times on each database, with calls in progress (docs/durability.md).
kill: build
	PARLEY_KILLS=$(KILLS) FSYNC=on scripts/postgres.sh $(GO) test -tags e2e -count 1 -timeout 60m -run 'TestKills|TestSameKey|TestKilledAfterCalls' -v ./e2e

# Two nodes are upgraded one after the other, with calls in progress, from a commit (docs/operate.md).
FROM ?= $$(git log -1 --format=%h -- store/migrations)^
rolling: build
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && git archive $(FROM) | tar x -C "$$dir" && (cd "$$dir" && CGO_ENABLED=0 $(GO) build -o parley-before ./cmd/parley) && \
	PARLEY_BEFORE="$$dir/parley-before" scripts/postgres.sh $(GO) test -tags e2e -count 1 -run TestRolling -v ./e2e

# A node with 20 calls is told to end so many times, while another takes what comes (docs/operate.md).
drains: build
	PARLEY_DRAINS=$(DRAINS) FSYNC=on scripts/postgres.sh $(GO) test -tags e2e -count 1 -timeout 60m -run TestDrains -v ./e2e

# The power fails so many times, on a disk that forgets what was not synced; needs root and /dev/fuse (docs/durability.md).
power: build
	PARLEY_CUTS=$(CUTS) $(GO) test -tags e2e -count 1 -timeout 90m -run TestPower -v ./e2e

# Three nodes, PostgreSQL and three NATS servers in network namespaces, 40 calls, and so many things that go wrong; or, with MINUTES=60, one
# each 30 s for so long. Needs root, iproute2 and /dev/net/tun (docs/durability.md).
chaos:
	$(GO) build -trimpath -tags static -ldflags='-s -w' -o bin/parley-chaos ./cmd/parley
	PARLEY_BIN=$(CURDIR)/bin/parley-chaos PARLEY_CHAOS_FAULTS=$(FAULTS) PARLEY_CHAOS_MINUTES=$(MINUTES) \
		scripts/postgres.sh $(GO) test -tags e2e -count 1 -timeout 4h -run 'TestChaos|TestClockOfOneProcess' -v ./e2e

bench: build
	$(BIN) bench --calls $(CALLS) --seconds $(SECONDS)

# What PostgreSQL and NATS cost a node, by turns with SQLite: CPU, latency, rows and messages (docs/performance.md).
bench-cluster: build
	PARLEY_PAIRS=$(PAIRS) FSYNC=on scripts/postgres.sh $(GO) test -tags e2e -count 1 -timeout 60m -run TestClusterCost -v ./e2e

# Twenty calls at once for hours, and what the server holds meanwhile; before whatever else runs on the machine, when root (docs/performance.md).
soak: build
	$$(chrt -r 50 true 2>/dev/null && echo chrt -r 50) $(BIN) bench soak --hours $(HOURS)

# What our plumbing adds to each vendor's first byte (docs/providers.md).
bench-vendors:
	$(GO) test ./provider/all -run '^$$' -bench Added -benchtime 200x

referee: peers build
	PARLEY=$(BIN) bench/referee/run.sh

fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

# The parsers of what strangers send, each with so many altered inputs.
hammer:
	PARLEY_HAMMER=$(BLOWS) $(GO) test -timeout 4h -run Hammer -v ./rtp ./leg/sip/wire ./leg/sip/auth

lint:
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e ./e2e
	cd bench/referee && $(GO) vet ./...
	$(GO) run $(STATIC) ./...

# What is handed out, into dist/: VERSION is what git describes unless given (docs/operate.md).
release:
	scripts/release.sh $(VERSION)

# The same twice, from two clones and with an empty cache: not one byte may differ.
reproduce:
	scripts/reproduce.sh $(VERSION)

clean:
	rm -rf bin dist
