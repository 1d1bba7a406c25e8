# Each does all of its set-up: make demo, make shell, make test, make verify, make bench.
.PHONY: demo shell servers test verify bench
.SILENT:
# What a target needs is fetched at the same time.
MAKEFLAGS += --jobs=2

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund

demo:
	node examples/demo/start.mjs demo $(ARGS)

shell:
	node examples/demo/start.mjs shell

servers:
	sh scripts/install-servers.sh

test: node_modules/.package-lock.json servers
	node scripts/test.mjs all

verify: node_modules/.package-lock.json servers
	node scripts/test.mjs verify

bench: node_modules/.package-lock.json
	npm run --silent build
	npm run --silent bench -- $(ARGS)
