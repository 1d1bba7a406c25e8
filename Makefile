# Each does all of its set-up: make demo, make shell, make test, make verify, make bench.
.PHONY: demo shell test verify bench
.SILENT:

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund

demo:
	node examples/demo/start.mjs demo $(ARGS)

shell:
	node examples/demo/start.mjs shell

test: node_modules/.package-lock.json
	node scripts/test.mjs all --install

verify: node_modules/.package-lock.json
	node scripts/test.mjs verify --install

bench: node_modules/.package-lock.json
	npm run --silent build
	npm run --silent bench -- $(ARGS)
