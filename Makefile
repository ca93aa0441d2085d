# Everything that is run by hand or by CI. GNU Make 4.3 and a POSIX shell are enough to start.

SHELL = /bin/sh
.DEFAULT_GOAL = help

PORT ?= 8000
VENV ?= .venv
DEV_LOCK ?= tests/requirements.txt
PYTHON = $(VENV)/bin/python
INSTALL = $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--custom-compile-command "make lock" $(LOCK_OPTIONS)

# A production environment in which everything is right: what `check --deploy` is asked about.
PRODUCTION = \
	DEBUG=False \
	SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	RECOVERY_ENCRYPTION_KEYS="$$($(PYTHON) -c \
		'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	RECOVERY_SIGNING_KEYS="$$($(PYTHON) -c \
		'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())')" \
	BASE_URL=https://desk.example.org \
	ALLOWED_HOSTS=desk.example.org \
	EMAIL_URL=smtp+tls://desk:word@mail.example.org:587 \
	DATABASE_URL=sqlite://:memory:

.PHONY: help
help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/runtime.stamp ## Start the desk with an invented organisation (PORT=8000)
	@$(PYTHON) manage.py demo --port $(PORT)

.PHONY: test
test: $(VENV)/dev.stamp ## Run the whole suite on SQLite and on PostgreSQL (ARGS="sqlite -- -k codes")
	@$(PYTHON) -m tests.run $(ARGS)

.PHONY: test-django61
test-django61: ## Run the suite on Django 6.1 and SQLite, in an environment of its own
	@$(MAKE) --no-print-directory test VENV=.venv-django61 ARGS="sqlite $(ARGS)" \
		DEV_LOCK=tests/requirements-django61.txt

.PHONY: check
check: $(VENV)/dev.stamp ## Look over format, lint, types, imports, migrations, deployment
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	@echo "$(PYTHON) manage.py check --deploy --fail-level WARNING"
	@$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure side by side, print one table, write it down (USERS=20000)
	@$(if $(USERS),BENCH_USERS=$(USERS)) $(if $(EVENTS),BENCH_EVENTS=$(EVENTS)) \
		$(if $(RUNS),BENCH_RUNS=$(RUNS)) $(PYTHON) -m benchmarks $(SECTIONS)

.PHONY: conformance
conformance: $(VENV)/dev.stamp ## Show the requirements and the tests that carry them
	@$(PYTHON) -m tests.conformance

.PHONY: format
format: $(VENV)/dev.stamp ## Put the format right, and what lint can mend by itself
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

.PHONY: lock
lock: $(VENV)/dev.stamp ## Choose versions anew, with hashes (LOCK_OPTIONS="--upgrade")
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) pyproject.toml --group dev -c requirements.txt -o tests/requirements.txt
	echo 'django>=6.1,<6.2' | $(COMPILE) pyproject.toml --group dev --override - \
		-o tests/requirements-django61.txt

.PHONY: clean
clean: ## Take away what was made here: environments, caches, local data
	rm -rf .venv .venv-* var staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache

# The stamps remember what was installed: nothing is fetched twice, and nothing at all without need.
# They mean nothing once the environment's Python is gone.
$(shell test -x $(PYTHON) || rm -f $(VENV)/*.stamp)

$(VENV)/bin/python:
	@python=$$(.ci/find-python) && echo "$(VENV): $$python" && "$$python" -m venv --clear $(VENV)

$(VENV)/runtime.stamp: requirements.txt | $(VENV)/bin/python
	@echo "Installing requirements.txt …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: $(DEV_LOCK) | $(VENV)/bin/python
	@echo "Installing $(DEV_LOCK) …"
	@$(INSTALL) -r $(DEV_LOCK)
	@touch $@
