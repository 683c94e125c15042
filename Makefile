.DEFAULT_GOAL := help

.PHONY: help
help: ## print this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## run both functions here, against the stand-in for VOD
	go run ./scripts/dev

.PHONY: test
test: ## run all checks and tests, as CI does
	./scripts/test

.PHONY: long
long: ## run what takes long too, in under an hour
	./scripts/test -long

.PHONY: stress
stress: ## run all tests ten times, in other orders and on a starved machine
	./scripts/test -stress 10

.PHONY: quick
quick: ## run the tests without the race detector, for the loop of editing
	go test ./...

.PHONY: race
race: ## run the tests with the race detector
	./scripts/test race

.PHONY: lint
lint: ## gofmt, vet, staticcheck, go mod tidy
	./scripts/test format vet staticcheck tidy

.PHONY: e2e
e2e: ## run the end-to-end tests, with the built functions
	go test -count=1 ./functions ./scripts/...

.PHONY: fuzz
fuzz: ## run each fuzz target for five minutes
	./scripts/test -fuzz 5m fuzz

# The database is vuln.go.dev's; without that host, VULNDB=file:///PATH is a copy.
VULNDB := https://vuln.go.dev
.PHONY: vuln
vuln: ## look for known vulnerabilities, with govulncheck
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -db $(VULNDB) ./...

.PHONY: bench
bench: ## measure speed
	go run ./scripts/bench

.PHONY: soak
soak: ## attack the guarantees for a simulated week
	go run ./scripts/soak

.PHONY: build
build: ## make dist/ and dist.zip for SCF
	./scripts/build

.PHONY: deploy
deploy: ## check, build and deploy serverless.yml
	./scripts/deploy

.PHONY: clean
clean: ## remove what was built
	rm -rf dist dist.zip .build
