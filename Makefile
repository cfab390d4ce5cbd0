# What one types in this house. `make` alone prints the list.
.DEFAULT_GOAL := help
.PHONY: help setup servers demo test simulate fuzz check format docs forms screens lock clean
BIN := .venv/bin
UV ?= uv

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the environment in .venv, and see to what the system lacks
	@tools/setup.sh

servers: ## setup, and the servers that the tests start
	@tools/setup.sh --tests

demo: setup ## run a whole synthetic school through every step, in a fresh home
	@$(BIN)/foresatt demo

test: servers ## run the tests (some only: make test ARGS="tests/store -x")
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

simulate: servers ## let a made-up school of 1,500 live through five years, day by day, looking every morning (minutes)
	@FORESATT_SIMULATE=1 $(BIN)/python -m pytest tests/retain/test_simulated_school.py -k every_morning --durations=1 $(ARGS)

fuzz: servers ## try what anybody may write on the judges, for half an hour or so (make test does it for seconds)
	@$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=fuzz $(ARGS)

check: setup ## format, lint, types, floors: changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## put the code in its form, and mend what can be mended safely
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## renew the pages that are made from the code
	$(BIN)/python tools/pages.py
	$(BIN)/python tools/fields_page.py

forms: setup ## draw the pictures of the form again
	$(BIN)/python tools/form_pictures.py

screens: setup ## take the pictures of the screens again, on a demo school (a minute or two)
	$(BIN)/python tools/screens.py

lock: ## renew requirements.lock from pyproject.toml (needs uv; newest versions: make lock ARGS=--upgrade)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or name it: make lock UV=/path/to/uv" >&2; exit 1; }
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--extra dev --output-file requirements.lock $(ARGS) pyproject.toml

clean: ## remove the environment and every cache
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
