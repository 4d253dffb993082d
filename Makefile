# The commands of CRM Handoff. Each creates and updates .venv by itself.

PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v "$$name" && break; done)

.PHONY: help run manage test check bench faults mutants screenshots messages format requirements
.DEFAULT_GOAL := help

help:
	@echo "make run           start the product (PORT=8000) with a demo, on its own servers"
	@echo "make manage        run manage.py beside it (ARGS=\"check_invariants\")"
	@echo "make test          run the tests (ARGS=\"tests/leads -k stage\")"
	@echo "make check         lint, types, import contracts, migrations, deployment checks"
	@echo "make bench         run the benchmarks (ARGS to choose)"
	@echo "make faults        kill parts of a running stack under load (ARGS=\"--leads 10000\")"
	@echo "make mutants       build the product wrong in every way that we know: each is found"
	@echo "make screenshots   take the pictures of the docs and of every page (ARGS=\"folder\")"
	@echo "make messages      bring the translations up to the texts"
	@echo "make format        format the code"
	@echo "make requirements  pin the requirements anew"

run manage test check bench faults mutants screenshots messages format requirements:
	@$(if $(PYTHON),,echo "CRM Handoff needs Python 3.11 or newer: apt-get install python3 python3-venv"; exit 1;) \
	exec $(PYTHON) -m launcher $@
