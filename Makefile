# Short commands to work with; the workflows call the same ones. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PACK := policypacks/delegation
# Folder of the program that preview, up and destroy run; the policy pack and its environment stay this checkout's.
PROGRAM := .
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make requirements" $(UPGRADE) pyproject.toml

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(INSTALLED) $(PACK)/.venv ## Create .venv and install the pinned dependencies

$(INSTALLED): requirements-dev.txt $(PACK)/pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
		{ echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: name a newer one, such as make setup PYTHON=python3.12."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 14))' || \
		echo "$(PYTHON) is newer than 3.13, the newest that is tested here. Should anything fail: make setup PYTHON=python3.13."
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) comes without venv: install it, on Debian and Ubuntu with apt-get install python3-venv."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned dependencies into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt || \
		{ echo "The dependencies could not be installed: is there a network? make setup continues where it stopped."; exit 1; }
	@$(BIN)/uv pip install --quiet --offline --no-deps --python $(BIN)/python --editable $(PACK)
	@touch $@

# Pulumi runs a policy pack on the virtual environment that its own PulumiPolicy.yaml names, never on the program's.
$(PACK)/.venv:
	@ln -sfn ../../.venv $@

.PHONY: demo
demo: setup ## Deploy the three stacks to local AWS accounts and show who can get in
	@$(BIN)/python -m sandbox.demo

.PHONY: test
test: setup ## Run all tests
	@$(BIN)/python -m sandbox.engine
# Hundreds of processes would compile the same modules.
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations=10

.PHONY: check
check: setup ## Check format, lint, types, spelling and workflows
	$(BIN)/ruff format --check .
	$(BIN)/codespell -D - -D vocabulary.txt
	$(BIN)/ruff check .
# Two runs, for two roots: the program and the policy pack each have a __main__.py.
	$(BIN)/mypy --exclude '^policypacks/' .
	cd $(PACK) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml .
	$(BIN)/cfn-lint bootstrap/*.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --no-progress --quiet .github
	$(BIN)/python -m operations.targets

.PHONY: format
format: setup ## Format the code and fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: setup ## Measure the analysis, access queries, previews, the demo, AWS calls and fleets
	@$(BIN)/python -m benchmarks

# Modules that these lead to would stand before those of the policy pack's environment.
unexport PYTHONPATH PYTHONHOME
PULUMI = @$(BIN)/python -m operations.stack $(1) --stack "$(STACK)" --program "$(PROGRAM)"

.PHONY: mutations
mutations: setup ## Weaken the deployed stacks in every known way; the policy pack must refuse each
	@$(BIN)/python -m sandbox.engine
	@$(BIN)/python -m tests.mutations

.PHONY: fuzz
fuzz: setup ## Feed random documents to the policy pack: make fuzz [SECONDS=60] [CASES=…]
	@$(BIN)/python -m tests.fuzz $(or $(SECONDS),60) $(CASES)

.PHONY: facts
facts: setup ## Regenerate the tables of AWS facts after an update of botocore, pulumi-aws, policy_sentry or moto
	@$(BIN)/python -m operations.partition_facts
	@$(BIN)/python -m operations.iam_actions
	@$(BIN)/python -m operations.aws_managed_policies

.PHONY: access
access: setup ## Ask who can get in where: make access ARGS="matrix -s security -s preprod"
	@$(BIN)/python -m access $(ARGS)

.PHONY: preview
preview: setup ## Preview a stack with the policy pack: make preview STACK=preprod
	$(call PULUMI,preview) $(ARGS)

.PHONY: up
up: setup ## Deploy a stack with the policy pack: make up STACK=preprod
	$(call PULUMI,up) $(ARGS)

.PHONY: destroy
destroy: setup ## Delete a stack's resources: make destroy STACK=preprod
	$(call PULUMI,destroy) $(ARGS)

# What those check first: files that name no software for Pulumi to run, and a pack configuration that lowers no policy.
.PHONY: .ready
.ready: setup
	$(call PULUMI,check)

FLEET = @$(BIN)/python -m operations.fleet $(1) --only "$(ONLY)" --first "$(FIRST)" --parallel "$(or $(PARALLEL),4)"

.PHONY: fleet-preview
fleet-preview: setup ## Preview all stacks: make fleet-preview [ONLY='prod-*'] [FIRST=preprod] [PARALLEL=4]
	$(call FLEET,preview) $(ARGS)

.PHONY: fleet-up
fleet-up: setup ## Deploy all stacks: security, then FIRST, then the others, PARALLEL at a time [YES=1]
	$(call FLEET,up) $(CONFIRMED) $(ARGS)

.PHONY: fleet-destroy
fleet-destroy: setup ## Delete the resources of all stacks, security last [YES=1]
	$(call FLEET,destroy) $(CONFIRMED) $(ARGS)

.PHONY: fleet-unlock
fleet-unlock: setup ## Remove the locks that killed updates left on this machine
	$(call FLEET,unlock) $(ARGS)

.PHONY: new-target
new-target: setup ## Add a target account: make new-target STACK=staging ACCOUNT=444444444444 [IPS=…]
	@$(BIN)/python -m operations.new_target --stack "$(STACK)" --account "$(ACCOUNT)" --static-ips "$(IPS)"

CONFIRMED = $(if $(filter 1,$(YES)),--yes)

.PHONY: revoke
revoke: setup ## End all open sessions in a target, or in all: make revoke STACK=preprod|all [YES=1]
	@$(BIN)/python -m operations.revoke --stack "$(STACK)" $(CONFIRMED)

.PHONY: offboard
offboard: setup ## Remove all access of one person: make offboard ADMIN=carol [YES=1]
	@$(BIN)/python -m operations.offboard --admin "$(ADMIN)" $(CONFIRMED)

.PHONY: import-plan
import-plan: setup ## Plan how to take over existing resources: make import-plan STACK=security
	@$(BIN)/python -m operations.import_plan --stack "$(STACK)"

.PHONY: smoke
smoke: setup ## Try to enter a target's access roles with your keys: make smoke STACK=preprod [PROFILE=…] [TOKEN=…] [DEVICE=…]
	@$(BIN)/python -m operations.smoke --stack "$(STACK)" --profile "$(PROFILE)" --token "$(TOKEN)" --device "$(DEVICE)"

.PHONY: requirements
requirements: setup ## Update the lock files after a change of pyproject.toml
	$(COMPILE) --group dev --output-file requirements-dev.txt
# In the versions that are tested.
	$(COMPILE) --constraint requirements-dev.txt --output-file requirements.txt

.PHONY: requirements-upgrade
requirements-upgrade: ## Update the lock files to the newest versions that pyproject.toml allows
	@$(MAKE) requirements UPGRADE=--upgrade
