# The one place where commands are written. `make` lists what there is.
#
# Everything happens in .venv and target, inside the checkout; nothing global is touched. Needed:
# Rust (the version in Cargo.toml), a C compiler, make, and Python with its venv module.

PYTHON ?= python3
# The servers of the demo and the tests are on loopback, whatever proxy there is.
export NO_PROXY := 127.0.0.1,localhost
export no_proxy := $(NO_PROXY)
# Node.js trusts whom the system trusts.
export NODE_EXTRA_CA_CERTS ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What is built is built once, and a shell finds its name.
WHEEL := $(VENV)/wheel/*.whl
PEERS := $(VENV)-peers
PEERS_PIP := $(PEERS)/bin/python -m pip --disable-pip-version-check --quiet

SOURCES := Cargo.toml Cargo.lock .cargo/config.toml pyproject.toml README.md $(shell find src python -type f -not -name '*.pyc')

# Implementations in JavaScript that the tests talk to.
NODE_MODULES := tests/node_modules/.package-lock.json

INTEROP := PYTHONPATH=tests:examples timeout --kill-after=10 300 $(BIN)/python -m interop

.PHONY: help demo memory memory-short test test-rust test-python test-oldest-requests peer-suites browser interop \
	interop-table interop-peers lint format lock licenses bench plot bench-instructions ci clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

demo: $(VENV)/package  ## walk the three legs against a provider on loopback
	$(BIN)/python examples/three_legged.py

test: test-rust test-python  ## run all tests: Rust core, then Python

test-rust:
	cargo test --locked --quiet

test-python: $(VENV)/package
	$(BIN)/python -m pytest --quiet --numprocesses auto

lint: $(VENV)/package  ## formatting, clippy, ruff, mypy, and the stubs against the built module
	cargo fmt --check
	cargo fmt --check --manifest-path benches/rust/Cargo.toml
	cargo clippy --locked --quiet --all-targets -- --deny warnings
	cargo clippy --locked --quiet --all-targets --features python -- --deny warnings
	cargo clippy --locked --quiet --all-targets --manifest-path benches/rust/Cargo.toml \
		--target-dir target/benches -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --quiet --no-deps --document-private-items \
		--features python
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest oauth1_rs
	$(BIN)/python tools/third_party_licenses.py --check

format:  ## format everything
	cargo fmt
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# pyproject.toml names the oldest requests that works; its libraries warn about today's Python.
test-oldest-requests: $(VENV)/package  ## run the tests that use requests with the oldest one
	$(PYTHON) -m venv --clear $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip --disable-pip-version-check --quiet install \
		-r requirements-dev.lock
	$(VENV)-oldest/bin/python -m pip --disable-pip-version-check --quiet install \
		"requests==$$(sed -n 's/^dependencies = \["requests>=\([0-9.]*\)".*/\1/p' pyproject.toml)" \
		$(WHEEL)
	$(VENV)-oldest/bin/python -m pytest --quiet --numprocesses auto -o filterwarnings=default \
		tests/test_bodies.py tests/test_faults.py tests/test_oauth1.py tests/test_peer_bugs.py \
		tests/test_provider.py tests/test_redirect*.py tests/test_session*.py tests/test_strict*.py \
		tests/test_token_responses.py

# In an environment of their own, with the versions that they work with. Nothing but this machine
# can be reached while they run.
peer-suites: $(VENV)/package $(PEERS)/ready  ## run other people's suites with requests_oauthlib being ours
	$(PEERS_PIP) install --force-reinstall --no-deps $(WHEEL)
	PYTHONPATH=tests $(PEERS)/bin/python tests/peer_suites/run.py $(PEERS)/suites

browser: $(VENV)/package  ## walk the three legs in Chromium, to foreign providers (installs them)
	tools/debian_packages chromium nodejs npm php-cli php-oauth
	$(MAKE) $(NODE_MODULES)
	timeout --kill-after=10 300 $(BIN)/python -m pytest --quiet tests/dance_in_browser.py

interop: interop-peers  ## compare with other implementations (installs them), request by request
	$(INTEROP)

interop-table: interop-peers  ## write what `make interop` finds into docs/interop.md
	$(INTEROP) --write

interop-peers: $(VENV)/package
	tools/debian_packages nodejs npm php-cli php-oauth liboauth0 ruby ruby-simple-oauth ruby-oauth \
		ruby-rack golang-go golang-github-gomodule-oauth1-dev golang-github-mrjones-oauth-dev \
		ghc libghc-authenticate-oauth-dev libghc-aeson-dev
	$(MAKE) $(NODE_MODULES) $(addprefix target/interop/,gomodule mrjones authenticate_oauth)

# Errors and definite leaks fail; nothing is suppressed. A forked child is silent: what its parent's
# other threads had is lost to it.
MEMCHECK := valgrind --quiet --fair-sched=yes --child-silent-after-fork=yes --leak-check=full \
	--show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=1
MEMCHECKED := cargo test --locked --quiet \
	--config 'target."cfg(unix)".runner = "$(MEMCHECK)"' --lib --test private_keys

memory: $(VENV)/package  ## watch the native code's memory (installs valgrind), and ten million signatures' size
	tools/debian_packages valgrind libc6-dbg
	$(MEMCHECKED) --test vectors
	PYTHONPATH=tests $(BIN)/python tests/memory.py 10000000

# scrypt alone would take as long as all the rest.
memory-short:  ## the part of it that takes a minute
	tools/debian_packages valgrind libc6-dbg
	$(MEMCHECKED) -- --skip scrypt

bench: $(VENV)-bench/package  ## measure beside other signers, and each stage of a signature
	$(VENV)-bench/bin/python benches/bench.py
	cargo bench --locked --manifest-path benches/rust/Cargo.toml --target-dir target/benches

plot: $(VENV)-bench/package  ## draw docs/cost.svg
	$(VENV)-bench/bin/python benches/plot.py

bench-instructions:  ## count instructions, beside the parent commit's (installs valgrind)
	tools/debian_packages valgrind libc6-dbg
	$(PYTHON) benches/instructions.py

ci: lint test test-oldest-requests memory-short demo peer-suites browser interop bench-instructions  ## everything that must pass

lock:  ## pin the newest development tools into the lock files
	$(PYTHON) -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --quiet install --upgrade 'pip>=25.1'
	$(VENV)-lock/bin/python -m pip --quiet install --group test --group lint --group peers
	$(VENV)-lock/bin/python -m pip freeze --exclude pip --exclude setuptools > requirements-dev.lock
	$(VENV)-lock/bin/python -m pip --quiet install uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-annotate --no-header tests/peer_suites/requirements.in \
		-o tests/peer_suites/requirements.lock
	rm -rf $(VENV)-lock

licenses:  ## write THIRD-PARTY-LICENSES anew, after a change of Cargo.lock
	$(BIN)/python tools/third_party_licenses.py

clean:  ## remove everything that was built
	rm -rf target $(VENV) $(VENV)-* tests/node_modules

$(VENV)/tools: requirements-dev.lock
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "'$(PYTHON) -m venv' failed: on Debian, apt-get install python3-venv"; exit 1; }
	$(PIP) install -r requirements-dev.lock
	touch $@

$(NODE_MODULES): tests/package-lock.json
	npm ci --prefix tests --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# Debian's Go packages are sources in one place.
target/interop/%: tests/interop/adapters/%.go
	GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(CURDIR)/target/interop/go-cache \
		go build -o $@ $<

target/interop/%: tests/interop/adapters/%.hs
	mkdir -p $(@D)
	ghc -v0 -outputdir $(@D)/haskell -o $@ $<

# Built and installed as a user would.
$(VENV)/package: $(VENV)/tools $(SOURCES)
	rm -rf $(VENV)/wheel
	$(PIP) wheel --no-deps --wheel-dir $(VENV)/wheel .
	$(PIP) install --force-reinstall --no-deps $(WHEEL)
	touch $@

$(PEERS)/ready: tests/peer_suites/suites.py tests/peer_suites/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "social-auth-core needs Python 3.11 or newer: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS_PIP) install --require-hashes --only-binary :all: -r tests/peer_suites/requirements.lock
	PYTHONPATH=tests $(PEERS)/bin/python tests/peer_suites/run.py fetch $(PEERS)/suites
	touch $@

$(VENV)-bench/package: $(VENV)/package benches/requirements.txt
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install \
		-r benches/requirements.txt
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install \
		--force-reinstall --no-deps $(WHEEL)
	touch $@
