# Huicun: build, test and try. `make` alone tells what there is.

.DEFAULT_GOAL := help
SHELL := /bin/sh
STEP := deploy/dev/step.sh

# Everything that the built front end depends on.
H5_SOURCES := $(shell find h5 \( -name node_modules -o -name dist -o -name test-results -o -name tests \) -prune -o -type f -print)

.PHONY: help setup demo dev build test faults e2e lint fmt gen gen-check check fuzz bench perf clean FORCE

help: ## tell what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what this machine lacks (apt packages, npm packages)
	@deploy/dev/setup.sh

demo: build ## start huicun against a simulated WeCom, with sample chats
	@exec deploy/dev/demo.sh

dev: build ## demo, with the front end served by vite and reloaded as you edit
	@exec deploy/dev/demo.sh --vite

build: setup .cache/h5.ok ## build the front end and both programs into bin/ (TAGS=openssl: RSA by OpenSSL)
	@$(STEP) "build the programs" go build $(if $(TAGS),-tags $(TAGS)) -o bin/ ./cmd/...

# Rebuilt when a source is newer, or when somebody emptied h5/dist.
.cache/h5.ok: $(H5_SOURCES) $(if $(wildcard h5/dist/index.html),,FORCE) | setup
	@mkdir -p .cache
	@$(STEP) "build the front end" npm --prefix h5 run --silent build
	@touch $@

test: build ## run all tests: Go, front end, browser
	@deploy/dev/test.sh

faults: setup ## run every test that docs/faults.md names, with 200 kills while 20,000 messages flow
	@deploy/dev/faults.sh

e2e: build ## run the browser tests alone
	@$(STEP) "browser tests" deploy/dev/e2e.sh

lint: setup ## golangci-lint, eslint, vue-tsc
	@$(STEP) "golangci-lint" deploy/dev/tool.sh golangci-lint run ./...
	@$(STEP) "eslint" npm --prefix h5 run --silent lint
	@$(STEP) "vue-tsc" npm --prefix h5 run --silent typecheck

fmt: setup ## format Go and the front end
	@deploy/dev/tool.sh gofumpt -w cmd internal server migrations h5/*.go
	@npm --prefix h5 run --silent fmt

gen: setup ## write again what is made from other files (API types, example settings)
	@deploy/dev/gen.sh

gen-check: setup
	@deploy/dev/gen.sh --check

check: build ## what CI runs, and more: formats, linters, race detector, known vulnerabilities
	@deploy/dev/test.sh --full

fuzz: setup ## fuzz each decoder for TIME (10m) and keep what is found
	@deploy/dev/fuzz.sh --keep $(or $(TIME),10m)

bench: build ## run the Go benchmarks
	@go test -run '^$$' -bench . -benchmem ./...

perf: build ## measure the front end against its budget: CDP, then Lighthouse
	@npm --prefix h5 run --silent perf
	@npm --prefix h5 run --silent lh

clean: ## remove what was built, and the servers of the tests (never ./data)
	@deploy/dev/testdb-stop.sh
	@deploy/dev/elasticsearch/elasticsearch.sh stop-unused .cache/testelastic
	@rm -rf bin .cache h5/test-results
	@find h5/dist -mindepth 1 ! -name .keep -delete 2>/dev/null || true

FORCE:
