"""The repository that is tested: where it lies, and what its Makefile offers."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAKE_TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
