# Everything here works on a machine with npm, git and make; the rest is fetched or installed by scripts/setup.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# All but npm runs on the Node.js that package-lock.json pins.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# npm writes this file last when it installs: present and newer than the manifests means complete and current.
packages := node_modules/.package-lock.json

.PHONY: help up down test check bench faults soak format generate

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: $(packages) ## Install what is missing, start the platform on this machine, deploy the example
	@scripts/setup up
	@bin/metacircular up $(ARGS)

down: $(packages) ## Stop the platform and keep its data (ARGS=--purge removes the data too)
	@bin/metacircular down $(ARGS)

test: $(packages) ## Run all tests, or those of TEST="path ...", with NAME="pattern" those so named
	@scripts/setup test
	@node scripts/test.ts $(if $(NAME),--name '$(NAME)') $(TEST) $(ARGS)

check: $(packages) ## Types, lint, format, unused code, layout, generated files (ARGS="lint format" for some)
	@node scripts/check.ts $(ARGS)

bench: $(packages) ## Measure against peers in the same run; writes out/bench.json
	@scripts/setup bench
	@node bench/main.ts $(ARGS)

faults: $(packages) ## Kill the agent at every step of every operation; writes out/faults.json
	@scripts/setup up
	@node bench/faults/main.ts $(ARGS)

soak: $(packages) ## Deploy 1,000 times and look what is left over; writes out/soak.json
	@scripts/setup up
	@node bench/soak/main.ts $(ARGS)

format: $(packages) ## Format the sources and mend what lint can mend
	@oxlint --type-aware --fix --quiet || true
	@oxfmt

generate: $(packages) ## Write the code and the documents that are generated from other files
	@cd proto && buf generate
	@for generator in scripts/generate-*.ts; do [ ! -e "$$generator" ] || node "$$generator"; done

$(packages): package.json package-lock.json $(wildcard */package.json mcp/*/package.json)
	@scripts/setup npm
