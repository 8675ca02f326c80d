# The course in one command each. Needs Python 3.11 or later and make; everything else goes into .venv.
#
#   make lab    JupyterLab, open at lesson 0        make demo   paint a photograph: demo.png
#   make test   every test                          make venv   only the set-up, which the others do by themselves
#   make test-elsewhere   every test as processors with other instructions and other numbers of cores compute
#   make test-vgg19       every lesson seen by VGG-19, at the sizes of the tests
#   make test-gpu         every test and lesson in the full profile, where there is a GPU
#
# Another Python: make lab PYTHON=/path/to/python3.12; other options of pytest: make test PYTEST_ADDOPTS="-n 4"

VENV ?= .venv
ifeq ($(OS),Windows_NT)
RUN := $(VENV)/Scripts/python
else
RUN := $(VENV)/bin/python
endif
INSTALLED := $(VENV)/.installed

# Two at a time; no file's tests, no lesson's cells are torn apart; what takes longest comes first (conftest.py).
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help venv lab test test-elsewhere test-vgg19 test-gpu demo
help:
	@sed -n '3,9s/^# *//p' Makefile

venv: $(INSTALLED)

# The stamp is written last, so a set-up that was interrupted is taken up again, and one that is complete is left alone.
$(INSTALLED): pyproject.toml constraints.txt tools/run/find_python.sh
	@$(RUN) -m pip --version >/dev/null 2>&1 || { python=$$(sh tools/run/find_python.sh "$(PYTHON)") && \
	  echo "Setting up $(VENV) with $$python: a few minutes and about 6 GB, once." && "$$python" -m venv $(VENV); }
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[lab,test]"
	@touch $(INSTALLED)

lab: $(INSTALLED)
	@$(RUN) tools/run/open_lab.py

demo: $(INSTALLED)
	@$(RUN) -m nstlib stylize temple swirls -o demo.png --finish 10

# The library, the tools and each lesson from top to bottom in the fast profile: one run, one summary. No browser is no reason
# not to start: the summary's last line says what was skipped.
test: $(INSTALLED)
	-@$(RUN) tools/run/find_browser.py --install
	PYTEST_ADDOPTS="$(WORKERS) $$PYTEST_ADDOPTS" $(RUN) -m pytest -q

test-elsewhere: $(INSTALLED)
	-@$(RUN) tools/run/find_browser.py --install
	PYTEST_ADDOPTS="$(WORKERS) $$PYTEST_ADDOPTS" $(RUN) tools/run/test_elsewhere.py

test-vgg19: $(INSTALLED)
	NSTLIB_BACKBONE=vgg19 PYTEST_ADDOPTS="$(WORKERS) $$PYTEST_ADDOPTS" $(RUN) -m pytest -q notebooks

test-gpu: $(INSTALLED)
	@$(RUN) tools/run/test_gpu.py
