# Parley. `make run` and `make test` are all a newcomer needs; the rest is for those who work on it.

GO      ?= go
BIN     := bin/parley
SPEECH  := flite espeak-ng pocketsphinx pocketsphinx-en-us lame
PEERS   := baresip-core baresip sip-tester sox curl python3
export CGO_ENABLED ?= 0

# apt-missing LIST: those of the packages that are not installed
apt-missing = $(shell for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done)
# apt-install LIST: as root install what is missing, otherwise say how
define apt-install
	@missing="$(strip $(call apt-missing,$(1)))"; [ -z "$$missing" ] && exit 0; \
	if ! command -v apt-get >/dev/null; then echo "this is no Debian: install the equivalents of $$missing yourself" >&2; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then echo "installing $$missing"; \
	  apt-get install -y -qq --no-install-recommends $$missing >/dev/null 2>&1 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }; \
	else echo "missing: run  sudo apt-get install -y --no-install-recommends $$missing" >&2; $(2) fi
endef

.PHONY: run setup build test race e2e peers lint fuzz bench referee clean

run: setup build
	$(BIN) serve

# what local speech and MP3 need; without it the server runs with vendors' keys
setup:
	$(call apt-install,$(SPEECH),)

build:
	$(GO) build -trimpath -ldflags='-s -w' -o $(BIN) ./cmd/parley

test: setup
	$(GO) vet ./...
	$(GO) test -timeout 9m ./...

# the race detector needs cgo, and so a C compiler
race: setup
	$(call apt-install,gcc libc6-dev,exit 1;)
	CGO_ENABLED=1 $(GO) test -race -timeout 15m . ./audio ./rtp ./leg/... ./turn ./conversation ./call ./stt ./llm ./tts ./store ./job ./webhook ./phone

peers:
	$(call apt-install,$(PEERS),exit 1;)

# real phones against the real binary
e2e: setup peers build
	$(GO) test -tags e2e -count 1 -timeout 9m ./e2e

lint:
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

# every fuzz target for FUZZTIME
FUZZTIME ?= 20s
fuzz:
	@for f in $$(grep -rl --include='*_test.go' '^func Fuzz' . | grep -v /referee/); do \
	  for t in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$f); do \
	    echo "$$(dirname $$f) $$t"; $(GO) test -run '^$$' -fuzz "^$$t\$$" -fuzztime $(FUZZTIME) $$(dirname $$f) || exit 1; done; done

# added latency, barge-in, packet spacing, CPU, memory: docs/performance.md says how to read it
bench: build
	$(BIN) bench

# the same from outside: an independent caller and fixed vendors
referee: peers build
	bench/referee/run.sh

clean:
	rm -rf bin
