# "make help" lists the targets.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
PLATFORMS   = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME   ?= 30s
BENCHTIME  ?= 1s
CONFIGURATIONS ?= 1000
TREES ?= 2000
KILLS ?= 200
PUSHES ?= 1000
EDITS ?= 500
SEED ?= 1
PREFIX  ?= /usr/local
DESTDIR ?=
PROGRAM ?= spfzone

.PHONY: help build install demo test check fmt vet vulnerabilities race cross fuzz bench configurations trees churn scale faults conformance sizes docs

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

build: ## build the program into this folder
	go build -trimpath -o spfzone ./cmd/spfzone

# It builds nothing, as root may have no Go: "make build" comes first. Packages
# give PREFIX=/usr and DESTDIR.
install: ## install the program that was built and the manual pages below PREFIX
	@test -x $(PROGRAM) || { echo 'there is no $(PROGRAM): run "make build" first'; exit 1; }
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -m 0755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/spfzone"
	install -m 0644 docs/man/*.1 "$(DESTDIR)$(PREFIX)/share/man/man1"

demo: build ## build the records of every example, with no network
	@for e in examples/*/; do \
		echo "== $$e"; \
		./spfzone --config $${e}spfzone.yaml --resolver file:$${e}world.zone build || exit 1; \
	done

# Every output of the tests is searched for the secrets that they use.
test: ## run all tests
	go run ./internal/leaks/check -timeout 20m ./...
	go run -tags heavy ./internal/leaks/check -tags heavy ./providers ./internal/leaks
	cd bench && go test -timeout 20m ./...

check: fmt vet vulnerabilities race cross ## formatting, vet, staticcheck, govulncheck, race detector, builds for all platforms

fmt:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }

vet:
	go vet ./...
	go run $(STATICCHECK) ./...
	cd bench && go vet ./...

# The data on vulnerabilities cannot be had everywhere; what is found where it
# can be had fails.
vulnerabilities:
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1) || { \
		echo "$$out" | grep -q 'fetching vulnerabilities' \
			&& echo "govulncheck skipped: its data cannot be had here" \
			|| { echo "$$out"; exit 1; }; }

# One package at a time: the race detector slows the name servers of the tests
# down to where they give up.
race:
	go test -race -p 1 -timeout 30m ./...

cross:
	@for p in $(PLATFORMS); do \
		GOOS=$${p%/*} GOARCH=$${p#*/} go build ./... || exit 1; echo "builds for $$p"; \
	done

fuzz: ## run every fuzz target for FUZZTIME
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r f; do \
		for t in $$(grep -o '^func Fuzz[A-Za-z0-9]*' $$f | cut -c6-); do \
			echo "== $$t in $$(dirname $$f)"; \
			go test -run xxx -fuzz "^$$t\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$f) || exit 1; \
		done; \
	done

bench: ## compare with the Go evaluator blitiri.com.ar/go/spf, as ratios in one run
	$(call quiet,go test -run Ratios -v . -args -benchtime $(BENCHTIME))

configurations: ## build CONFIGURATIONS random configurations over the real world, and check them with that evaluator
	$(call quiet,go test -run Configurations -v -timeout 1h . -args -configurations $(CONFIGURATIONS) -seed $(SEED) -zones 200)

trees: ## build TREES random configurations over the real world in both encodings, and in the simple way, and compare
	$(call quiet,go test -run Trees -v -timeout 2h . -args -trees $(TREES) -seed $(SEED))

faults: ## have each fault strike at each write of a push, kill spfzone KILLS times, simulate PUSHES pushes through faults, and print the counts
	$(call counts,go test ./cmd/spfzone -v -count 1 -timeout 1h -run 'TestServerFaults|TestServerFallsSilent|TestFullDisk|TestKilled|TestCache' -args -kills $(KILLS) -everywrite)
	$(call counts,go test ./providers/push -v -count 1 -timeout 1h -run TestPushThroughFaults -args -pushes $(PUSHES))

# counts runs tests, prints what they have counted, and ends as they do.
counts = @out=$$($(1) 2>&1); s=$$?; echo "$$out" | grep -v '^=== \|--- PASS\|a secret is in use\|looked for secrets'; exit $$s

conformance: ## try every case with every type of provider, and print the table
	@go test ./providers -count 1 -run 'TestConformance$$'
	@cat providers/testdata/conformance.txt

sizes: ## print the size of the program, stripped, without and with the heavy providers
	@for tags in none heavy; do \
		go build -trimpath -ldflags '-s -w' -tags $$tags -o spfzone.sized ./cmd/spfzone || exit 1; \
		echo "$$tags $$(wc -c < spfzone.sized)"; \
	done | awk '{ printf "%-6s %5.1f MB\n", $$1, $$2 / 1e6 }'; rm -f spfzone.sized

churn: ## count the records that EDITS changes of one network change, of random configurations over the real world
	$(call quiet,go test -run Churn -v -timeout 2h . -args -edits $(EDITS) -seed $(SEED))

# quiet runs a command in bench, leaves out the names of tests that pass, and
# ends as the command does.
quiet = @cd bench && out=$$($(1) 2>&1); s=$$?; echo "$$out" | grep -v '^=== \|--- PASS'; exit $$s

scale: build ## measure builds of up to 100,000 domains: time, memory, and --only
	cd bench && go run ./scale

docs: ## write docs/man and docs/reference.md from the commands
	go generate ./cmd/spfzone
