# make demo, make test, make bench: each does all of its set-up.
.PHONY: demo test bench
.SILENT:

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund

demo: node_modules/.package-lock.json
	npm run --silent build
	node examples/demo/demo.mjs $(ARGS)

test: node_modules/.package-lock.json
	sh scripts/install-servers.sh
	node scripts/test.mjs

bench: node_modules/.package-lock.json
	npm run --silent build
	node bench/run.mjs $(ARGS)
