# Every target is short; what is longer is a script in Scripts/.
SWIFT ?= swift
GUEST := $(CURDIR)/.build/release/sandlot-guest
export SANDLOT_GUEST ?= $(GUEST)
PREFIX ?= /usr/local

.PHONY: help web build guest demo test conformance conformance-containers e2e test-microvm python-clients integrations chaos fuzz fmt check docs scoreboard bench install uninstall clean

help: ## lists the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1|/p' Makefile | column -t -s '|'

build: ## installs what building needs, then builds the release executables
	@Scripts/setup build
	$(SWIFT) build -c release --product sandlot-guest
	$(SWIFT) build -c release --product sandlot
	$(SWIFT) build -c release --product sandlot-wasm

guest: ## builds the static guest, release
	@$(SWIFT) build -c release --product sandlot-guest

demo: ## installs what is missing, builds, and runs a real command in a real sandbox
	@Scripts/setup demo
	@$(MAKE) --no-print-directory guest
	$(SWIFT) build --product sandlot
	@Scripts/demo

test: ## installs what the tests need and runs them all
	@Scripts/setup test
	@$(MAKE) --no-print-directory guest
	$(SWIFT) build --build-tests
	@Scripts/run-tests

conformance: guest ## runs the conformance suite on every usable backend (BACKEND=name for one)
	@$(SWIFT) build --build-tests
	@$(if $(BACKEND),CONFORMANCE_BACKENDS=$(BACKEND) CONFORMANCE_REQUIRE=$(BACKEND)) Scripts/run-tests --only 'ConformanceTests'

conformance-containers: guest ## starts private Docker and Podman engines, also one without root, and runs their tests (root)
	@$(SWIFT) build --build-tests
	@Scripts/test-containers

e2e: guest ## drives the built executable, and its page in a browser
	@Scripts/setup test
	@$(SWIFT) build --build-tests
	@Scripts/run-tests --only 'SandboxCommandsTests|EndToEndTests'
	@Scripts/test-browser

python-clients: guest ## drives the built executable with official Python clients
	@$(SWIFT) build --product sandlot
	@Scripts/test-python

integrations: guest ## runs inspect_ai's and LangChain's own checks of a sandbox, through Integrations/python
	@$(SWIFT) build --product sandlot
	@Scripts/test-integrations

test-microvm: guest ## runs the backend firecracker for real in a test machine with an emulated processor (CASES="lifecycle …" or all)
	@Scripts/setup microvm
	@$(SWIFT) build --product sandlot
	@Scripts/test-microvm '$(CASES)'

web: ## builds the web page, where `sandlot serve` finds it
	@Scripts/setup web
	@Scripts/web --check

chaos: guest ## breaks things at random while sessions work (FAULTS=n, BACKENDS=a,b), and holds every promise after each fault
	@$(SWIFT) build --product sandlot
	@Scripts/chaos $(if $(FAULTS),--faults $(FAULTS)) $(if $(BACKENDS),--backends $(BACKENDS)) $(if $(SEED),--seed $(SEED))

fuzz: ## feeds the decoders hostile input for a minute each (TARGET=name, SECONDS=n), with address checks
	@Scripts/fuzz $(TARGET)

fmt: ## formats the sources
	@$(SWIFT) format -i -r --configuration .swift-format Sources Tests Examples Benchmarks Fuzz Package.swift

check: ## format, import rules, undeclared dependencies, documents
	@Scripts/check

docs: ## builds the reference of the public products
	@Scripts/build-docs

scoreboard: guest ## runs conformance, attacks and public suites on every backend here, and writes docs/scoreboard.md
	@$(SWIFT) build -c release --product sandlot
	@Scripts/scoreboard

bench: guest ## measures Sandlot beside its peers, in one run
	@$(SWIFT) build -c release --product sandlot
	@Scripts/bench

install: build web ## installs into PREFIX: executables, page, completions, manual page, service
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Scripts/install

uninstall: ## removes what install put into PREFIX
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Scripts/install --uninstall

clean: ## removes what was built
	rm -rf .build .build-*
