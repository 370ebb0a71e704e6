# The one place where commands are written. `make` lists what there is.
#
# Everything happens in .venv and target, inside the checkout; nothing global is touched. Needed:
# Rust (the version in Cargo.toml), a C compiler, make, Python with its venv module, and for the tests
# curl 7.87 or newer.

PYTHON ?= python3
# The servers of the demo and the tests are on loopback, whatever proxy there is.
export NO_PROXY := 127.0.0.1,localhost
export no_proxy := $(NO_PROXY)
# Node.js trusts whom the system trusts.
export NODE_EXTRA_CA_CERTS ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)
VENV := .venv
SCRIPTS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := $(VENV)/$(SCRIPTS)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Nothing but what is in a lock file, all of it (which pip would take a minute to find out), and no
# setup.py.
LOCKED := --require-hashes --no-deps --only-binary :all:
# What is built is built once, and a shell finds its name.
WHEEL := $(VENV)/wheel/*.whl
PEERS := $(VENV)-peers
PEERS_PIP := $(PEERS)/bin/python -m pip --disable-pip-version-check --quiet
NIQUESTS := $(VENV)-niquests

SOURCES := Cargo.toml Cargo.lock .cargo/config.toml pyproject.toml README.md oauth1-rs.cdx.json $(shell find src python -type f -not -name '*.pyc')

# Implementations in JavaScript that the tests talk to.
NODE_MODULES := tests/node_modules/.package-lock.json

OLDEST_RUST := $(shell sed -n 's/^rust-version = "\(.*\)".*/\1/p' Cargo.toml)

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := target/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz
CARGO_MUTANTS_VERSION := 27.1.0
CARGO_MUTANTS := target/tools/cargo-mutants-$(CARGO_MUTANTS_VERSION)/bin/cargo-mutants

MUTANTS := $(VENV)-mutants
MUTATED := target/mutants-python

# What is released is built in an environment of its own, into dist.
RELEASE := $(VENV)-release
TARGET ?= $(shell rustc --version --verbose | sed -n 's/^host: //p')
# For every Linux with glibc 2.17 or musl 1.2, on whichever Linux it is built: zig is a C compiler,
# a linker, and both C libraries.
PORTABLE = $(if $(findstring linux,$(TARGET)),--zig --compatibility \
	$(if $(findstring musl,$(TARGET)),musllinux_1_2,manylinux2014))
# No paths of this machine, so that another one builds the same.
CARGO_HOME ?= $(HOME)/.cargo
REMAPPED := --remap-path-prefix=$(CARGO_HOME)=/cargo --remap-path-prefix=$(CURDIR)=/oauth1-rs
# maturin looks for zig's Python on the PATH.
ZIG_PATH = $(if $(PORTABLE),PATH="$(abspath $(RELEASE))/$(SCRIPTS):$$PATH")
MATURIN = $(ZIG_PATH) RUSTFLAGS="$(REMAPPED)" $(RELEASE)/$(SCRIPTS)/maturin
MATURIN_WHEEL = $(MATURIN) build --quiet --release --locked --target $(TARGET) $(PORTABLE) \
	--out dist --interpreter
# Those of the supported Pythons that are there.
PYTHONS ?= $(foreach minor,10 11 12 13 14,$(shell python3.$(minor) -c \
	'import sys; print(sys.executable)' 2>/dev/null))

INTEROP := PYTHONPATH=tests:examples timeout --kill-after=10 240 $(BIN)/python -m interop

# With AddressSanitizer, which the compiler has but does not offer without being asked.
FUZZ_TARGETS := sign private_key python_boundary token_responses
FUZZ := target/fuzz
FUZZ_RELEASE := $(shell rustc -vV | sed -n 's/^host: //p')/release
FUZZ_BUILD := $(FUZZ)/ready
FUZZ_SECONDS := 1800
FUZZ_ARGUMENTS = -max_total_time=$(FUZZ_SECONDS) -max_len=1024 -timeout=60 -verbosity=0 \
	-print_final_stats=1 -artifact_prefix=$(FUZZ)/$*-
DIFFERENTIAL_CASES := 1000000

.PHONY: help demo memory memory-short test test-rust test-python test-oldest-requests test-niquests \
	processes peer-suites \
	browser interop interop-table interop-peers fuzz fuzz-short differential mutants \
	mutants-python $(addprefix fuzz-,$(FUZZ_TARGETS)) lint deny advisories format lock licenses sbom bench plot \
	bench-instructions wheel wheel-free-threaded sdist smoke smoke-sdist smoke-musl reproducible \
	test-threads check-oldest-rust \
	release-version release-check ci ci-tools clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

demo: $(VENV)/package  ## walk the three legs against a provider on loopback
	$(BIN)/python examples/three_legged.py

test: test-rust test-python  ## run all tests: Rust core, then Python

test-rust:
	cargo test --locked --quiet

test-python: $(VENV)/package
	$(BIN)/python -m pytest --quiet --numprocesses auto

lint: $(VENV)/package  ## formatting, clippy, ruff, mypy, the stubs, lock files, workflows
	@cargo fmt --version >/dev/null && cargo clippy --version >/dev/null || \
		rustup component add clippy rustfmt
	cargo fmt --check
	cargo fmt --check --manifest-path benches/rust/Cargo.toml
	cargo clippy --locked --quiet --all-targets -- --deny warnings
	cargo clippy --locked --quiet --all-targets --features python -- --deny warnings
	cargo clippy --locked --quiet --all-targets --manifest-path benches/rust/Cargo.toml \
		--target-dir target -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --quiet --no-deps --document-private-items \
		--features python
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml \
		--allowlist tests/with_niquests/stubtest_allowlist oauth1_rs
	$(BIN)/python tools/third_party_licenses.py --check
	$(BIN)/python tools/sbom.py --check
	$(BIN)/python tools/check_locks.py
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows

deny: $(CARGO_DENY)  ## licences, versions, build scripts and origins of the crates
	$(CARGO_DENY) --locked check --deny warnings bans licenses sources

advisories: $(CARGO_DENY)  ## known weaknesses of the crates (fetches the database)
	$(CARGO_DENY) --locked check --deny warnings advisories

format:  ## format everything
	cargo fmt
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# pyproject.toml names the oldest requests that works; its libraries warn about today's Python. All
# others are those of the other environment.
test-oldest-requests: $(VENV)/package  ## run the tests that use requests with the oldest one
	$(PYTHON) -m venv --clear $(VENV)-oldest
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		>"$$(echo $(VENV)-oldest/lib/python*/site-packages)/others.pth"
	$(VENV)-oldest/bin/python -m pip --disable-pip-version-check --quiet install --no-warn-conflicts \
		"requests==$$(sed -n 's/^dependencies = \["requests>=\([0-9.]*\)".*/\1/p' pyproject.toml)" \
		$(WHEEL)
	$(VENV)-oldest/bin/python -m pytest --quiet --numprocesses auto -o filterwarnings=default \
		tests/test_bodies.py tests/test_faults.py tests/test_oauth1.py tests/test_peer_bugs.py \
		tests/test_provider.py tests/test_redirect*.py tests/test_session*.py tests/test_strict*.py \
		tests/test_token_responses.py tests/test_urllib3.py

# In an environment of its own, as it puts its urllib3 in the place of the other one. There it needs
# no requests, and mypy sees its types.
test-niquests: $(NIQUESTS)/package  ## run the tests that use niquests, and check its types
	$(NIQUESTS)/bin/python -m pytest --quiet --numprocesses auto tests/with_niquests/niquests_*.py
	$(NIQUESTS)/bin/python -m mypy --follow-imports silent python/oauth1_rs/niquests.py \
		tests/with_niquests/niquests_*.py

THREADS_NEED := certifi|charset-normalizer|idna|iniconfig|packaging|pluggy|pygments|pytest|requests|urllib3

test-threads: $(RELEASE)/ready  ## test signing in threads, for Pythons that other packages are not there for
	$(PYTHON) -m venv --clear $(VENV)-threads
	$(RELEASE)/$(SCRIPTS)/maturin build --quiet --locked --out $(VENV)-threads/wheel \
		--interpreter $(abspath $(VENV)-threads/$(SCRIPTS)/python)
	awk '/^[a-z]/ { is_needed = /^($(THREADS_NEED))==/ } is_needed' requirements-dev.lock \
		> $(VENV)-threads/requirements.lock
	$(VENV)-threads/$(SCRIPTS)/python -m pip --disable-pip-version-check --quiet install $(LOCKED) \
		-r $(VENV)-threads/requirements.lock
	$(VENV)-threads/$(SCRIPTS)/python -m pip --disable-pip-version-check --quiet install \
		--no-deps $(VENV)-threads/wheel/*.whl
	$(VENV)-threads/$(SCRIPTS)/python -m pytest --quiet --noconftest tests/test_concurrency.py \
		tests/test_nonces.py

check-oldest-rust:  ## compile with the oldest Rust that Cargo.toml names
	rustup toolchain install --profile minimal $(OLDEST_RUST)
	cargo +$(OLDEST_RUST) check --locked --features python

processes: $(VENV)/package  ## sign a million requests in eight processes, for each way to get an OAuth1 there
	PYTHONPATH=tests $(BIN)/python tests/processes.py 1000000

# In an environment of their own, with the versions that they work with. Nothing but this machine
# can be reached while they run.
peer-suites: $(VENV)/package $(PEERS)/ready  ## run other people's suites with requests_oauthlib being ours
	$(PEERS_PIP) install --force-reinstall --no-deps $(WHEEL)
	PYTHONPATH=tests $(PEERS)/bin/python tests/peer_suites/run.py $(PEERS)/suites

browser: $(VENV)/package  ## walk the three legs in Chromium and a terminal, to foreign providers (installs them)
	tools/debian_packages chromium nodejs npm php-cli php-oauth tmux dbus gnome-keyring
	$(MAKE) $(NODE_MODULES)
	timeout --kill-after=10 600 $(BIN)/python -m pytest --quiet tests/dance_in_browser.py \
		tests/login_in_browser.py

interop: interop-peers  ## compare with other implementations (installs them), request by request
	$(INTEROP)

interop-table: interop-peers  ## write what `make interop` finds into docs/interop.md
	$(INTEROP) --write

interop-peers: $(VENV)/package
	tools/debian_packages nodejs npm php-cli php-oauth liboauth0 ruby ruby-simple-oauth ruby-oauth \
		ruby-rack golang-go golang-github-gomodule-oauth1-dev golang-github-mrjones-oauth-dev \
		ghc libghc-authenticate-oauth-dev libghc-aeson-dev
	$(MAKE) $(NODE_MODULES) $(addprefix target/interop/,gomodule mrjones authenticate_oauth)

fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS))  ## fuzz each target for FUZZ_SECONDS, half an hour unless told

fuzz-short:  ## fuzz each target for half a minute, and compare with oauthlib 20,000 times
	$(MAKE) $(VENV)-fuzz/package $(FUZZ_BUILD)
	$(MAKE) --jobs=2 fuzz FUZZ_SECONDS=30
	$(MAKE) differential DIFFERENTIAL_CASES=20000

differential: $(VENV)/package  ## sign a million random requests here and by oauthlib
	$(BIN)/python fuzz/against_oauthlib.py $(DIFFERENTIAL_CASES)

fuzz-sign fuzz-private_key: fuzz-%: $(FUZZ_BUILD)
	$(FUZZ)/$(FUZZ_RELEASE)/$* $(FUZZ_ARGUMENTS) $(FUZZ)/corpus/$*

fuzz-python_boundary fuzz-token_responses: fuzz-%: $(VENV)-fuzz/package $(FUZZ_BUILD)
	$(VENV)-fuzz/bin/python fuzz/$*.py $(FUZZ_ARGUMENTS) $(FUZZ)/corpus/$*

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

mutants: $(CARGO_MUTANTS)  ## change the core in every small way: do its tests notice? (an hour or two)
	PROPTEST_CASES=48 PATH="$(abspath $(dir $(CARGO_MUTANTS))):$$PATH" cargo mutants --output target

# In a copy, for what it changes is beside the tests. It wants to find the package in src.
mutants-python: $(VENV)/package $(MUTANTS)/ready  ## the same with the Python code and its tests (an hour)
	rm -rf $(MUTATED)/src $(MUTATED)/tests $(MUTATED)/examples $(MUTATED)/docs
	mkdir -p $(MUTATED)
	$(MUTANTS)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps \
		--target $(MUTATED)/src $(WHEEL)
	cp -R README.md docs examples tests pyproject.toml $(MUTATED)
	rm -rf $(MUTATED)/tests/node_modules
	cp tests/mutmut.cfg $(MUTATED)/setup.cfg
	cd $(MUTATED) && PYTHONPATH=$(abspath $(MUTATED))/mutants/src \
		$(abspath $(MUTANTS))/bin/mutmut run --max-children 1
	cd $(MUTATED) && $(abspath $(MUTANTS))/bin/mutmut results

bench: $(VENV)-bench/package $(NIQUESTS)/package  ## measure beside other signers, and each stage of a signature
	$(VENV)-bench/bin/python benches/bench.py
	$(VENV)-bench/bin/python benches/clients.py requests httpx aiohttp urllib3
	$(NIQUESTS)/bin/python benches/clients.py niquests
	cargo bench --locked --manifest-path benches/rust/Cargo.toml --target-dir target/benches

plot: $(VENV)-bench/package  ## draw docs/cost.svg
	$(VENV)-bench/bin/python benches/plot.py

bench-instructions:  ## count instructions, beside the parent commit's (installs valgrind)
	tools/debian_packages valgrind libc6-dbg
	$(PYTHON) benches/instructions.py

wheel: $(RELEASE)/ready  ## build the wheel for all Pythons with the GIL, for TARGET, into dist
	@test -d "$$(rustc --print target-libdir --target $(TARGET))" || rustup target add $(TARGET)
	$(MATURIN_WHEEL) $(PYTHON)

# The first has no ABI to share.
wheel-free-threaded: $(RELEASE)/ready  ## build those for Pythons without it
	@test -d "$$(rustc --print target-libdir --target $(TARGET))" || rustup target add $(TARGET)
	$(MATURIN_WHEEL) python3.14t
	$(MATURIN_WHEEL) python3.15t

sdist: $(RELEASE)/ready  ## build the source distribution into dist
	$(MATURIN) sdist --out dist

smoke:  ## install a wheel from dist as a user would, and sign with it
	$(PYTHON) -m venv --clear $(VENV)-smoke
	$(VENV)-smoke/$(SCRIPTS)/python -m pip --disable-pip-version-check --quiet install \
		--no-index --no-deps --find-links dist --only-binary :all: oauth1-rs
	$(VENV)-smoke/$(SCRIPTS)/python -m pip --disable-pip-version-check --quiet install requests
	$(VENV)-smoke/$(SCRIPTS)/python tools/smoke.py

smoke-sdist:  ## the same with the source distribution
	$(PYTHON) -m venv --clear $(VENV)-smoke
	$(VENV)-smoke/$(SCRIPTS)/python -m pip --disable-pip-version-check --quiet install dist/*.tar.gz
	$(VENV)-smoke/$(SCRIPTS)/python tools/smoke.py

ALPINE_PYTHON ?= 3.14

smoke-musl:  ## the same with a wheel, in Alpine Linux (uses docker)
	docker run --rm --volume "$(CURDIR):/checkout" --workdir /checkout python:3.14-alpine \
		sh -c 'apk add --quiet make && pip install --quiet --root-user-action ignore uv && \
			uv python install --quiet $(ALPINE_PYTHON) && \
			make smoke VENV=/tmp/venv PYTHON="$$(uv python find $(ALPINE_PYTHON))"'

# Not in `make ci`: two release builds, from nothing. The workflow CI runs it.
reproducible: $(RELEASE)/ready  ## build twice, elsewhere, and compare every byte
	$(RELEASE)/$(SCRIPTS)/python tools/reproducible.py $(RELEASE)

release-version:  ## check that the tag in $TAG is what Cargo.toml and CHANGELOG.md have
	grep --quiet --fixed-strings "version = \"$${TAG#v}\" " Cargo.toml
	grep --quiet --fixed-strings "## $${TAG#v} - 20" CHANGELOG.md

release-check: deny reproducible  ## what can be known of a release before its tag
	rm -rf dist
	$(MAKE) wheel sdist
	$(RELEASE)/$(SCRIPTS)/auditwheel show dist/*.whl | grep manylinux_2_17_
	for python in $(PYTHONS); do $(MAKE) smoke PYTHON=$$python || exit; done
	$(MAKE) smoke-sdist

# What is downloaded and what is compiled do not wait for each other.
ci-tools:
	$(MAKE) --jobs=2 $(VENV)/package $(CARGO_DENY) $(CARGO_FUZZ)

ci: ci-tools lint deny test test-oldest-requests test-niquests memory-short demo peer-suites browser interop fuzz-short bench-instructions  ## everything that must pass

UV_LOCK = $(VENV)-lock/bin/uv pip compile --quiet --universal --upgrade --generate-hashes \
	--no-annotate --no-header

lock:  ## pin the newest development tools into the lock files
	$(PYTHON) -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --quiet install uv
	$(UV_LOCK) --python-version 3.10 --group build --group test --group clients --group cli \
		--group lint --group peers -o requirements-dev.lock
	$(UV_LOCK) --python-version 3.10 --group build --group release \
		--constraints requirements-dev.lock -o requirements-release.lock
	$(UV_LOCK) --python-version 3.10 --group test --group clients --group cli --group peers \
		--group mutants --constraints requirements-dev.lock -o requirements-mutants.lock
	$(UV_LOCK) --python-version 3.11 benches/requirements.in -o benches/requirements.lock
	$(UV_LOCK) --python-version 3.11 fuzz/requirements.in -o fuzz/requirements.lock
	$(UV_LOCK) --python-version 3.11 tests/peer_suites/requirements.in \
		-o tests/peer_suites/requirements.lock
	$(UV_LOCK) --python-version 3.10 tests/with_niquests/requirements.in \
		-o tests/with_niquests/requirements.lock
	rm -rf $(VENV)-lock

licenses:  ## write THIRD-PARTY-LICENSES anew, after a change of Cargo.lock
	$(BIN)/python tools/third_party_licenses.py

sbom:  ## write oauth1-rs.cdx.json anew, after a change of Cargo.lock
	$(BIN)/python tools/sbom.py

clean:  ## remove everything that was built
	rm -rf target dist $(VENV) $(VENV)-* tests/node_modules

$(VENV)/tools: requirements-dev.lock
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "'$(PYTHON) -m venv' failed: on Debian, apt-get install python3-venv"; exit 1; }
	$(PIP) install $(LOCKED) -r requirements-dev.lock
	touch $@

$(RELEASE)/ready: requirements-release.lock
	$(PYTHON) -m venv --clear $(RELEASE)
	$(RELEASE)/$(SCRIPTS)/python -m pip --disable-pip-version-check --quiet install $(LOCKED) \
		-r requirements-release.lock
	touch $@

$(MUTANTS)/ready: requirements-mutants.lock
	$(PYTHON) -m venv --clear $(MUTANTS)
	$(MUTANTS)/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) \
		-r requirements-mutants.lock
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

$(FUZZ_BUILD): $(CARGO_FUZZ) $(SOURCES) $(shell find fuzz -type f)
	tools/debian_packages g++
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --quiet --all-targets --manifest-path fuzz/Cargo.toml \
		--target-dir $(FUZZ) -- --deny warnings
	PATH="$(abspath $(dir $(CARGO_FUZZ))):$$PATH" RUSTC_BOOTSTRAP=1 \
		cargo fuzz build --fuzz-dir fuzz --target-dir $(FUZZ) --sanitizer address
	$(PYTHON) fuzz/seeds.py $(FUZZ)/corpus
	touch $@

# Not optimized, as the next: they run for a second, and are there in a third of the time.
$(CARGO_FUZZ):
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug \
		--version $(CARGO_FUZZ_VERSION) --root $(@D)/.. cargo-fuzz

$(CARGO_MUTANTS):
	cargo install --quiet --locked --version $(CARGO_MUTANTS_VERSION) --root $(@D)/.. cargo-mutants

$(CARGO_DENY):
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug \
		--version $(CARGO_DENY_VERSION) --root $(@D)/.. cargo-deny

# Built and installed as a user would, but with the maturin that the lock file has.
$(VENV)/package: $(VENV)/tools $(SOURCES)
	rm -rf $(VENV)/wheel
	PATH="$(abspath $(BIN)):$$PATH" $(PIP) wheel --no-deps --no-build-isolation --wheel-dir $(VENV)/wheel .
	$(PIP) install --force-reinstall --no-deps $(WHEEL)
	touch $@

$(PEERS)/ready: tests/peer_suites/suites.py tests/peer_suites/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "social-auth-core needs Python 3.11 or newer: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS_PIP) install $(LOCKED) -r tests/peer_suites/requirements.lock
	PYTHONPATH=tests $(PEERS)/bin/python tests/peer_suites/run.py fetch $(PEERS)/suites
	touch $@

$(VENV)-bench/package: $(VENV)/package benches/requirements.lock
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install \
		$(LOCKED) -r benches/requirements.lock
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install \
		--force-reinstall --no-deps $(WHEEL)
	touch $@

$(VENV)-fuzz/package: $(VENV)/package fuzz/requirements.lock
	$(PYTHON) -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) \
		-r fuzz/requirements.lock
	$(VENV)-fuzz/bin/python -m pip --disable-pip-version-check --quiet install \
		--force-reinstall --no-deps $(WHEEL)
	touch $@

$(NIQUESTS)/package: $(VENV)/package tests/with_niquests/requirements.lock
	$(PYTHON) -m venv $(NIQUESTS)
	$(NIQUESTS)/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) \
		-r tests/with_niquests/requirements.lock
	$(NIQUESTS)/bin/python -m pip --disable-pip-version-check --quiet install \
		--force-reinstall --no-deps $(WHEEL)
	touch $@
