# Everything a fresh clone needs: `make serve` and `make test` set up what they use, once, and are quick afterwards.
# PYTHON chooses another interpreter (3.11 to 3.13), VOICEBOT_CACHE another place for downloaded models.

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP    := $(BIN)/python -m pip --disable-pip-version-check
UV     := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup serve demo test lint lock clean

help: ## Show these lines
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

setup: $(STAMPS)/understanding ## Install the program into .venv and its models into models/, learn the examples

serve: setup ## Set up, then answer calls and serve the web pages
	@$(BIN)/voicebot serve

demo: setup ## Set up, then replay the example calls turn by turn
	@$(BIN)/voicebot demo

test: $(STAMPS)/dev models/.tests.stamp $(STAMPS)/understanding lint ## Set up, then check style and types and run every test
	@$(BIN)/python -m pytest -m 'not real_time' --numprocesses auto --maxprocesses 4 --dist loadfile
	@$(BIN)/python -m pytest -m real_time $$($(BIN)/python -m tests.pacing)

lint: $(STAMPS)/dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

lock: $(STAMPS)/dev ## Choose the newest allowed releases again and write their hashes into the lock files
	@$(PIP) install -qq '$(UV)'
	@for lock in 'requirements.lock --extra semantic --extra build' \
	             'requirements-dev.lock --extra semantic --extra build --extra dev --constraints requirements.lock'; do \
	    set -- $$lock; file=$$1; shift; \
	    UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --upgrade --universal \
	        --python-version 3.11 --generate-hashes --no-emit-index-url --allow-unsafe \
	        "$$@" --output-file $$file pyproject.toml || exit 1; \
	done

clean: ## Remove the virtual environment and the caches of the checkers (models stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMPS)/runtime: requirements.lock pyproject.toml
	@scripts/make-venv $(VENV)
	@echo 'Installing the locked packages into $(VENV) (about a minute)...'
	@$(PIP) install -qq --require-hashes --requirement requirements.lock
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/runtime
	@scripts/system-packages test
	@$(PIP) install -qq --require-hashes --requirement requirements-dev.lock
	@touch $@

models/.default.stamp: models/manifest.toml $(STAMPS)/runtime
	@$(BIN)/voicebot models install
	@touch $@

# what was learnt is kept under the hash of the examples and of the code that reads them: either changed, it is stale
$(STAMPS)/understanding: models/.default.stamp $(shell find profiles -type f) \
                         $(shell find voicebot/dialog/nlu -name '*.py' -o -name '*.toml')
	@echo 'Checking the content; what has changed in how people ask is learnt again (a minute or two, else seconds)...'
	@$(BIN)/voicebot check
	@touch $@

models/.tests.stamp: models/manifest.toml $(STAMPS)/dev
	@$(BIN)/voicebot models install --tests
	@touch $@
