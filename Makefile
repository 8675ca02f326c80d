# The course in one command each. Needs Python 3.11 or later and make; everything else goes into .venv.
#
#   make lab    JupyterLab, open at lesson 0        make demo   paint a photograph: demo.png
#   make test   every test                          make venv   only the set-up, which the others do by themselves
#
# Another Python: make lab PYTHON=/path/to/python3.12

VENV ?= .venv
ifeq ($(OS),Windows_NT)
RUN := $(VENV)/Scripts/python
else
RUN := $(VENV)/bin/python
endif
INSTALLED := $(VENV)/.installed

.PHONY: help venv lab test demo
help:
	@sed -n '3,6s/^# *//p' Makefile

venv: $(INSTALLED)

# The stamp is written last, so a set-up that was interrupted is taken up again, and one that is complete is left alone.
$(INSTALLED): pyproject.toml constraints.txt tools/find_python.sh
	@$(RUN) -m pip --version >/dev/null 2>&1 || { python=$$(sh tools/find_python.sh "$(PYTHON)") && \
	  echo "Setting up $(VENV) with $$python: a few minutes and about 6 GB, once." && "$$python" -m venv $(VENV); }
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[lab,test]"
	@touch $(INSTALLED)

lab: $(INSTALLED)
	@$(RUN) tools/open_lab.py

demo: $(INSTALLED)
	@$(RUN) -m nstlib stylize temple swirls -o demo.png

# First the library and everything around it, then each lesson from top to bottom in the fast profile.
test: $(INSTALLED)
	$(RUN) -m ruff check .
	$(RUN) tools/find_browser.py --install
	$(RUN) -m pytest -q tests
	$(RUN) -m pytest -q --nbval-lax --nbval-current-env --nbval-cell-timeout 300 notebooks
