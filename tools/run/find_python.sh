#!/bin/sh
# Print a Python that the course can use: the one named by the first argument, else the first that fits of the usual names.
# It must be 3.11 or later and able to make virtual environments (Debian ships that part as python3-venv).
# 3.11 to 3.13 are tested and come first; a later one is taken where there is none of them.

fits() { "$1" -c "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $2))" 2>/dev/null; }

if [ -n "$1" ]; then
    if fits "$1" 99; then echo "$1"; exit 0; fi
    echo "PYTHON=$1 does not fit: the course needs Python 3.11 or later, with the venv module." >&2
    exit 1
fi

for latest in 13 99; do
    for name in python3 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 && fits "$name" "$latest"; then echo "$name"; exit 0; fi
    done
done

echo "No Python 3.11 or later with the venv module was found." >&2
echo "Install one (python.org; Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)," >&2
echo "or name it: make lab PYTHON=/path/to/python3.13" >&2
exit 1
