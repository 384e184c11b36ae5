# Two commands: `make run` opens the page, `make test` runs everything. Both need Python 3.11 or newer and a package registry, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export ORT_DISABLE_TELEMETRY := 1
# uv trusts the machine's own certificates, as pip does.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1

.PHONY: run test lint check bench bench-large interop clean

run: $(READY)
	@exec $(BIN)/python -m assistant serve $(if $(PORT),--port $(PORT))

test: $(READY) lint
	$(BIN)/python tools/browser.py
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: $(READY)
	$(BIN)/python tools/check.py $(SUITE)

bench: $(READY)
	$(BIN)/python tools/bench.py

bench-large: $(READY)
	$(BIN)/python tools/bench_large.py

interop: $(READY)
	$(BIN)/python tools/interop.py

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11.")'
	@if command -v uv >/dev/null 2>&1 && echo "Installing with uv ..." && \
	  uv venv -q --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install -q --python $(BIN)/python --no-deps -e . ; then :; else \
	  echo "Installing with pip (a few minutes the first time) ..." && \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e . ; \
	fi
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
	@touch $(READY)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
