"""The commands of `python -m nstlib`, a module each: `add` declares its arguments, `run` does it."""
