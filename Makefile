# "make help" lists the targets.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0
PLATFORMS   = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME   ?= 30s
BENCHTIME  ?= 1s

.PHONY: help test check fmt race cross fuzz bench

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

test: ## run all tests
	go test ./...

check: fmt race cross ## formatting, vet, staticcheck, race detector, builds for all platforms
	go vet ./...
	go run $(STATICCHECK) ./...
	cd bench && go vet ./...

fmt:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }

race:
	go test -race ./...

cross:
	@for p in $(PLATFORMS); do \
		GOOS=$${p%/*} GOARCH=$${p#*/} go build ./... || exit 1; echo "builds for $$p"; \
	done

fuzz: ## run every fuzz target for FUZZTIME
	@for t in $$(grep -ho 'func Fuzz[A-Za-z]*' spf/*_test.go | cut -c6-); do \
		go test -run xxx -fuzz "^$$t\$$" -fuzztime $(FUZZTIME) ./spf || exit 1; \
	done

bench: ## compare with the Go evaluator blitiri.com.ar/go/spf, as ratios in one run
	cd bench && go test -run Ratios -v -args -benchtime $(BENCHTIME) | grep -v '^=== '
