# make report   sets everything up, runs a BN and an ND experiment on embedded data, builds the book
# make test     sets everything up, runs the test suite: some minutes on two cores
# make test-slow  what make test leaves out: every page in the browser, fifty kills, Slurm, large networks
# make test-all  both, and deconvolves some 150 networks of others
# make test-cpus  the numeric tests as other processors and other numbers of threads would compute them
# make book     builds the book from the records in runs/; STRICT=1 fails on damaged or missing files
# make pdf      builds the book and prints it into one PDF, with the Chromium that is installed
PYTHON ?= python3
VENV ?= .venv
LOCK ?= requirements.lock# the versions of the published report; LOCK=/dev/null takes the newest that requirements.txt allows
BIN = $(VENV)/bin# its scripts begin with the checkout's path, which a shell may misread: hence python -m
PYTEST = $(BIN)/python -m pytest -n auto# a process per core, each with its own files of tests
DEMO = $(BIN)/python -m ndcore run --arch resnet18d --dataset digits --epochs 3 --seed 0

.PHONY: report test test-slow test-all test-cpus book pdf setup lint lock clean
.DEFAULT_GOAL := report

report: setup
	$(DEMO) --norm bn
	$(DEMO) --norm nd
	@$(MAKE) --no-print-directory book

book: setup
	$(BIN)/python -m ndcore book $(if $(STRICT),--strict)

pdf: $(VENV)/.ready-pdf
	$(BIN)/python -m ndcore book --pdf

test: $(VENV)/.ready-test
	$(PYTEST)

test-slow: $(VENV)/.ready-test
	$(PYTEST) -m "slow and not all_models"

test-all: $(VENV)/.ready-test
	$(PYTEST) -m ""

test-cpus: $(VENV)/.ready-test
	PYTHON=$(BIN)/python bash tests/every_cpu.sh

lint: $(VENV)/.ready-test
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.11")'
	@echo "Setting up $(VENV): the packages of requirements.txt, a few minutes"
	@$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt -e . -c $(LOCK)
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]' -c $(LOCK)
	@touch $@

$(VENV)/.ready-pdf: $(VENV)/.ready
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[pdf]' -c $(LOCK)
	@touch $@

lock: $(VENV)/.ready-test
	{ sed -n '/^#/p' requirements.lock; $(BIN)/python -m pip freeze --exclude-editable; } > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean:
	rm -rf _build $(VENV) .pytest_cache .hypothesis .ruff_cache *.egg-info
