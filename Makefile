# `make demo` shows the product, `make test` checks everything that CI checks.

PYTHON ?= $(shell .ci/find-python)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST ?= $(BIN)/pytest -n 2 --dist loadgroup --cov

.DEFAULT_GOAL := help
.PHONY: help bench demo demo-abandon demo-reset faults test lint format pytest docs migrations messages clean

help:
	@echo "make demo          a demo store with the chat, its worker and logins; PORT=8123 moves it"
	@echo "make demo-abandon  a minute in which the basket filled last is left, and its customer reminded; BASKET=12 names one"
	@echo "make demo-reset    start over with new data"
	@echo "make test          everything that CI checks on one machine"
	@echo "make bench         measure on this machine, beside references, into docs/benchmarks.md"
	@echo "make faults        kill, cut and delay a running site two hundred times, and judge what became of each message"
	@echo "make lint          style, types, layers, migrations"
	@echo "make format        lay out Python and templates"
	@echo "make docs          build the documentation into docs/_build/html"
	@echo "make migrations    regenerate the initial migration under the oldest Wagtail"
	@echo "make messages      collect and compile translations"

$(INSTALLED): pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "shopchat needs Python 3.11 or newer, and none was found on the PATH." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "Could not make a virtual environment with $(PYTHON)." >&2; \
		echo "On Debian and Ubuntu it needs the package python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/python -m example_site.run

demo-reset: $(INSTALLED)
	@$(BIN)/python -m example_site.run --reset

demo-abandon: $(INSTALLED)
	@$(BIN)/python -m example_site.manage demo_abandon $(if $(BASKET),--basket $(BASKET)) $(ARGS)

test: lint docs pytest

bench: $(INSTALLED)
	@$(BIN)/python -m benchmarks all --table docs/benchmarks.md

faults: $(INSTALLED)
	@$(BIN)/python -m tests.faults --all

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files -z -- '*.html' | xargs -0r $(BIN)/djade --check --target-version 5.2
	git ls-files -z -- '*.html' | xargs -0r $(BIN)/djlint --lint --quiet
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m django makemigrations --check --dry-run shopchat

format: $(INSTALLED)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	-git ls-files -z -- '*.html' | xargs -0r $(BIN)/djade --target-version 5.2

pytest: $(INSTALLED)
	$(PYTEST)

docs: $(INSTALLED)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html

migrations: $(INSTALLED)
	$(BIN)/tox run -e migrations

messages: $(INSTALLED)
	for package in shopchat shopchat_widget; do \
		(cd $$package && ../$(BIN)/django-admin makemessages \
			--locale ru --locale uk --add-location file --no-obsolete \
		&& ../$(BIN)/django-admin compilemessages --locale ru --locale uk) || exit 1; \
	done

clean:
	rm -rf $(VENV) .cache .tox docs/_build dist build .mypy_cache .ruff_cache .pytest_cache htmlcov .coverage*
