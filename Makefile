# The commands of the project. `make` alone lists them.
# Everything they need beyond Rust, Node and Python is installed by scripts/.

WEB := console/web
FLUORO := target/release/fluoro
# As it is shipped. `release` is larger, shares what the server is built from, and takes a minute in place of five.
AGENT_PROFILE ?= agent

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: server agent ## Build the console and the binaries (target/release/fluoro and xray)

.PHONY: server
server: console ## Build the server alone (target/release/fluoro), with the console in it
	@echo '== The server. The first time it compiles 210 crates, 4 to 5 minutes on 2 free cores and 800 MB on disk; after that, what changed.'
	cargo build --release --locked --package fluoro

.PHONY: agent
agent: ## Build the agent alone (target/release/xray), small as it is shipped
	@echo '== The agent, as one small program: minutes on 2 cores, of which linking takes the most, also after small changes.'
	cargo build --profile $(AGENT_PROFILE) --locked --package fluoro-daemon --bin xray
	@test $(AGENT_PROFILE) = release || { mkdir -p target/release && ln -f target/$(AGENT_PROFILE)/xray target/release/xray; }

.PHONY: run
run: server ## Build the server and start it with a demo's traffic, not the agent
	@echo '== Fluoro with a demo: the map fills within seconds, and after 30 a service breaks; Ctrl-C ends it.'
	$(FLUORO) serve --demo=outage

.PHONY: console
console: $(WEB)/dist/index.html ## Build the web application

WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public -type f 2>/dev/null) $(wildcard $(WEB)/*.ts $(WEB)/*.html $(WEB)/*.json)

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	@echo '== The packages of the console, from npm: a few seconds of work, 300 MB on disk.'
	cd $(WEB) && npm ci --no-audit --no-fund
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo '== The console: types, bundle, compression; half a minute at most.'
	cd $(WEB) && npm run build
	@touch $@

.PHONY: test
test: lint test-rust test-console build test-compat test-browser ## What every change must pass: lint, Rust, console, SDKs of Python and Node, browser
	@echo 'make test: passed. What it leaves out runs in `make test-all`: SDKs of Go and Java, ClickHouse, images and manifests, fuzzing.'

.PHONY: test-all
test-all: test test-clients check-deploy check-msrv check-publish fuzz loom audit ## And what takes longer: SDKs of Go and Java, images and manifests, fuzzing (needs Go, Java, a C++ compiler and root)

.PHONY: lint
lint: ## Formatting, clippy, docs, tidy checks
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
	cargo xtask tidy
	scripts/sdk-features

.PHONY: test-rust
test-rust: ## Rust tests, each with a limit of time
	cargo xtask test --workspace --locked
	@git diff --exit-code -- $(WEB)/src/api/generated || \
	    { echo 'the types above were stale: commit what the tests wrote' >&2; exit 1; }

.PHONY: test-console
test-console: $(WEB)/node_modules/.package-lock.json ## Unit tests of the web application
	cd $(WEB) && npm run lint && npm test

.PHONY: test-compat
test-compat: build ## Python's and Node's SDKs, boto3 and the AWS CLI against the binary
	scripts/python-env
	scripts/compat-tests

.PHONY: test-clients
test-clients: build ## What test-compat leaves out: the SDKs of Go and Java (Spring Boot), which are built first, and what the SDK for Rust records
	scripts/python-env
	scripts/go-clients
	scripts/java-clients
	scripts/adot-env
	scripts/compat-tests -m clients
	scripts/sdk-tests

.PHONY: test-browser
test-browser: build ## The console in Chromium against the binary
	scripts/install-chromium
	cd $(WEB) && npm run --silent e2e

CLUSTER := --package fluoro-postgres --package fluoro-store-clickhouse --package fluoro-settings --package fluoro \
    --features fluoro-postgres/cluster,fluoro-store-clickhouse/cluster,fluoro-settings/cluster,fluoro/cluster

.PHONY: test-cluster
test-cluster: ## The store in ClickHouse, settings in PostgreSQL and several processes against a server that is installed and started for it (URL=clickhouse://user:password@host:8123 for another, REPLICAS="clickhouse://user:password@host1,host2?cluster=NAME" for other replicas)
	cargo clippy $(CLUSTER) --all-targets --locked -- -D warnings
	$(if $(URL),FLUORO_TEST_CLICKHOUSE=$(URL)) $(if $(REPLICAS),FLUORO_TEST_REPLICAS="$(REPLICAS)") scripts/clickhouse run cargo xtask test $(CLUSTER) --locked

.PHONY: fuzz
fuzz: ## Try to break what reads bytes of strangers, a minute for each (TIME=3600 for longer, TARGETS="log filter" for some)
	TIME=$(or $(TIME),60) fuzz/run $(TARGETS)

.PHONY: loom
loom: ## What threads of the SDK for Rust share, under every order of their steps
	cargo test --release --locked --quiet --manifest-path crates/sdk/loom/Cargo.toml

.PHONY: check-msrv
check-msrv: ## The SDK for Rust with the oldest compilers that its packages promise (installs them by rustup)
	scripts/sdk-msrv

.PHONY: check-publish
check-publish: ## Pack the SDK for Rust and build it from its archives, as `cargo publish` does (minutes; OFFLINE=1 asks no registry)
	scripts/sdk-publish $(if $(OFFLINE),--offline)

.PHONY: audit
audit: ## Known weaknesses and licences of dependencies (needs the network)
	scripts/audit

.PHONY: sbom
sbom: ## What the binaries and the console are built from, as CycloneDX, in target/sbom (needs the network once)
	scripts/sbom

.PHONY: release
release: build ## Archives of both binaries with their units, lists of parts and checksums, in target/dist
	scripts/release

.PHONY: check-deploy
check-deploy: build ## Images, manifests, chart and units, with the tools that read them (minutes; needs root)
	cargo build --release --locked --package rust-axum
	deploy/check

.PHONY: bench
bench: build ## Print speed and size beside the floor of the work
	cargo run --release --locked --quiet --package fluoro-bench
	cargo run --release --locked --quiet --package fluoro-alerts -- cost

.PHONY: bench-store
bench-store: ## Print what the embedded store costs, alone (SPANS=10000000 for more)
	cargo run --release --locked --quiet --package fluoro-bench -- store $(if $(SPANS),--spans $(SPANS))

.PHONY: bench-growth
bench-growth: ## Measure the store at 1, 10 and 50 M spans, and draw how answers grow (30 minutes and more; SIZES=1000000,10000000)
	cargo run --release --locked --quiet --package fluoro-bench -- store --shape published --no-append \
	    --spans $(or $(SIZES),1000000,10000000,50000000) --results docs/images/store-growth.json --plot docs/images/store-growth.svg

.PHONY: bench-search
bench-search: build ## Print how long searches over a million traces take (TRACES=100000 for fewer)
	cargo run --release --locked --quiet --package fluoro-bench -- search $(if $(TRACES),--traces $(TRACES))

.PHONY: bench-trees
bench-trees: build ## Print how long call trees and critical paths of a million traces take (TRACES=100000 for fewer)
	cargo run --release --locked --quiet --package fluoro-bench -- trees $(if $(TRACES),--traces $(TRACES))

.PHONY: bench-otlp
bench-otlp: build ## Print what spans of OTLP cost by gRPC and by HTTP
	cargo run --release --locked --quiet --package fluoro-bench -- otlp

.PHONY: bench-peers
bench-peers: build ## Print Fluoro beside other products' binaries, with the same spans (PEERS=victoriatraces=path,jaeger=path SPANS=500000 SEED=7)
	cargo run --release --locked --quiet --package fluoro-bench -- peers $(if $(SPANS),--spans $(SPANS)) $(if $(SEED),--seed $(SEED)) \
	    $(shell echo '$(PEERS)' | tr ',' ' ')

.PHONY: bench-cluster
bench-cluster: build ## Print what one and two processes over ClickHouse and PostgreSQL cost beside the embedded store (SIZES=1000000,10000000)
	scripts/clickhouse run cargo run --release --locked --quiet --package fluoro-bench -- cluster $(if $(SIZES),--spans $(SIZES))

.PHONY: bench-judge
bench-judge: ## Print what it costs to know what is broken, beside taking documents in (ARGS="--services 3000 --minutes 10")
	cargo run --release --locked --quiet --package fluoro-bench -- judge $(ARGS)

.PHONY: bench-flood
bench-flood: build ## Print what names without end cost the server and others (SECONDS=600 for longer)
	cargo run --release --locked --quiet --package fluoro-bench -- flood $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: bench-soak
bench-soak: build ## Two hours of a busy fleet with outages, deploys, late segments and retention, as a picture (MINUTES=10 for fewer)
	cargo run --release --locked --quiet --package fluoro-bench -- soak --minutes $(or $(MINUTES),120) \
	    --results docs/images/soak.json --plot docs/images/soak.svg

.PHONY: bench-incidents
bench-incidents: ## Print how true the first screen is when something breaks (minutes; ARGS="--kind bad-deploy --seeds 3")
	cargo run --release --locked --quiet --package fluoro-incidents -- $(ARGS)

.PHONY: bench-alerts
bench-alerts: ## Print how often insights are told for nothing, how soon for something, and what alarms cost (ARGS="noise --weeks 8 --seed 2")
	cargo run --release --locked --quiet --package fluoro-alerts -- $(ARGS)

.PHONY: bench-agent
bench-agent: agent ## Print what the agent delivers and costs (PEER=path runs another one beside it; LOADS=20000@50)
	PEER=$(PEER) LOADS="$(LOADS)" cargo run --release --locked --quiet --package fluoro-bench --bin agent

.PHONY: bench-sdk
bench-sdk: ## Print what the SDK for Rust costs a program, beside fastrace, tracing and OpenTelemetry
	cargo run --release --locked --quiet --manifest-path bench/sdk/Cargo.toml

.PHONY: fmt
fmt: ## Format the Rust sources
	cargo fmt --all

.PHONY: clean
clean: ## Remove what was built
	cargo clean
	rm -rf $(WEB)/dist $(WEB)/node_modules .venv
