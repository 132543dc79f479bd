# make run    set up, fetch Debian's armhf kernel, boot boards/arm-virt.yaml to a shell
# make test   set up, check style and types, run the tests
# make bench  set up, measure beside QEMU
# Everything is installed into .venv; Debian packages that are missing are installed when
# that is allowed, else named.

VENV := .venv
PYTHON := $(VENV)/bin/python
MB := $(VENV)/bin/mb
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
SOURCES := $(shell find machinebuilder devicelib cores boards guests meson -type f \
             -not -path '*/__pycache__/*' 2>/dev/null) meson.build pyproject.toml

.PHONY: run test bench build check clean

run: build
	@scripts/boot-debian $(MB)

test: build $(VENV)/.test check
	$(PYTHON) -m pytest $(PYTEST_FLAGS)

check: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

bench: build $(VENV)/.test
	@scripts/need-packages bench
	$(PYTHON) -m benchmarks $(BENCH_FLAGS)

build: $(VENV)/.installed

# Incremental: the build folder is kept, so a changed file costs seconds.
$(VENV)/.installed: $(VENV)/.ready $(SOURCES)
	$(PYTHON) -m pip install --quiet --no-build-isolation --no-deps \
	    --config-settings=build-dir=build --force-reinstall .
	@touch $@

$(VENV)/.ready: pyproject.toml
	@scripts/need-packages build
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --upgrade pip
	$(PYTHON) -m pip install --quiet $$(python3 scripts/requirements.py build-system.requires project.dependencies)
	@touch $@

$(VENV)/.test: $(VENV)/.ready
	@scripts/need-packages test
	$(PYTHON) -m pip install --quiet $$(python3 scripts/requirements.py project.optional-dependencies.test)
	@touch $@

clean:
	rm -rf build $(VENV)
