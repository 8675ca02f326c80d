"""Execute the lessons from top to bottom, store their outputs, and hold their time and memory against the budgets.

    python tools/run/run_lessons.py                                # every lesson, laptop profile, outputs stored
    python tools/run/run_lessons.py notebooks/03_*.ipynb --check   # one lesson, nothing written
    python tools/run/run_lessons.py --profile full --check         # what the GPU workflow does

Exit code 1 when a cell raised, or when a lesson was over its budget in notebooks/budgets.json. A stored notebook is
normal: python3 kernel, no widget state, no timestamps, cell ids made from the cells' text, solutions folded, pictures
as WebP.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image

from nstlib.images import webp
from nstlib.images.decoding import decode

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
PROFILES = ("fast", "laptop", "full")
MIB = 2**20
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = ("tags", "jupyter", "cellView")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/webp", "image/jpeg", "image/png")  # of one picture in several types, the smallest first
ADDRESS = re.compile(r"data:image/(?:jpe?g|png);base64,([A-Za-z0-9+/=]+)")
CUDA_PEAK = "__import__('torch').cuda.max_memory_allocated() if __import__('torch').cuda.is_available() else 0"


@dataclass
class Run:
    """What one lesson took: seconds, the kernel's peak resident memory, the GPU's peak, and what stopped it."""

    lesson: str
    seconds: float
    memory_mib: float
    gpu_mib: float
    error: str = ""

    def over(self, budget: dict[str, float]) -> list[str]:
        """The names of the budget's entries that were exceeded."""
        return [name for name, limit in budget.items() if getattr(self, name) > limit]


def budget_of(lesson: str, profile: str, path: Path = NOTEBOOKS / "budgets.json") -> dict[str, float]:
    """The limits for a lesson: the profile's defaults, with the lesson's own where it has some."""
    budgets = json.loads(path.read_text(encoding="utf-8"))
    return budgets["default"][profile] | budgets.get(lesson, {}).get(profile, {})


def kernel_environment(profile: str) -> dict[str, str]:
    """The environment of a lesson's kernel: the profile, and no colours or bars in what is stored."""
    quiet = {"NO_COLOR": "1", "TQDM_DISABLE": "1", "PYTHONWARNINGS": "default"}
    return os.environ | quiet | {"NSTLIB_PROFILE": profile}


def run_lesson(path: Path, notebook: nbformat.NotebookNode, profile: str, timeout: float = 900) -> Run:
    """Execute a notebook in place, cell by cell; stops at the first error, which the result carries."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    run = Run(path.stem, 0.0, 0.0, 0.0)
    began = time.perf_counter()
    with client.setup_kernel(env=kernel_environment(profile)):
        kernel = psutil.Process(client.km.provisioner.pid)
        try:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                run.memory_mib = max(run.memory_mib, _peak_mib(kernel))
            run.gpu_mib = _ask(client, CUDA_PEAK) / MIB
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            run.error = str(error)
    run.seconds = time.perf_counter() - began
    return run


def _peak_mib(process: psutil.Process) -> float:
    """The most memory the process has held so far, where the system keeps count (Linux, Windows), else what it holds."""
    if not process.is_running():
        return 0.0
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        peaks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(peaks[0].split()[1]) / 1024 if peaks else 0.0
    memory = process.memory_info()
    return getattr(memory, "peak_wset", memory.rss) / MIB


def _ask(client: NotebookClient, expression: str) -> float:
    """The value of an expression in the lesson's kernel."""
    interactive = run_sync(client.kc.execute_interactive)
    reply = interactive("", silent=True, user_expressions={"value": expression}, timeout=60)
    return float(reply["content"]["user_expressions"]["value"]["data"]["text/plain"])


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out of a notebook what differs from run to run and from editor to editor; fold the solutions. In place."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})
        cell.id = _cell_id(cell, seen)
        if cell.cell_type == "code":
            cell.outputs = [out for out in map(_normal_output, cell.outputs) if out is not None]
            if "solution" in cell.metadata.get("tags", []):
                cell.metadata["jupyter"] = {"source_hidden": True}
                cell.metadata["cellView"] = "form"  # Colab's way to fold a cell
    return notebook


def _cell_id(cell: nbformat.NotebookNode, seen: dict[str, int]) -> str:
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
    seen[digest] = seen.get(digest, 0) + 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _normal_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """An output as it is stored: a widget without its state shows nothing but an error, so it is left out."""
    if WIDGET_VIEW in output.get("data", {}):
        return None
    if output.output_type == "stream":  # of a line that was written over, the last state
        output.text = "\n".join(line.rsplit("\r", 1)[-1] for line in output.text.replace("\r\n", "\n").split("\n"))
    elif "data" in output:
        _store_pictures_as_webp(output.data, output.metadata)
    return output


def _store_pictures_as_webp(data: nbformat.NotebookNode, metadata: nbformat.NotebookNode) -> None:
    """Turn what an output holds as JPEG or PNG, by type or within HTML, into WebP within HTML, as `show` makes it."""
    for mime in PICTURES:
        if mime in data:
            encoded, known = data.pop(mime), metadata.pop(mime, {})
            if "text/html" not in data:  # which front ends prefer: a picture beside it is seen by nobody
                size = {name: known[name] for name in ("width", "height") if name in known}
                data.update(webp.notebook_output(_as_webp(encoded), known.get("alt", ""), **size) | data)
    if "text/html" in data:
        data["text/html"] = ADDRESS.sub(lambda found: webp.address(_as_webp(found[1])), data["text/html"])


def _as_webp(encoded: str) -> bytes:
    """A stored picture, in base64, as a WebP file: one that is WebP as it is, a PNG exact, as it was."""
    stored = base64.b64decode(encoded)
    if webp.is_webp(stored):
        return stored
    pixels = (decode(stored, "a stored picture").on_white() * 255).round().astype("uint8")
    return webp.to_webp(Image.fromarray(pixels), exact=stored.startswith(b"\x89PNG"))


def describe(run: Run, budget: dict[str, float]) -> str:
    """One line for a lesson: what it took, of how much, and whether that is well."""
    parts = [f"{run.seconds:6.1f} of {budget['seconds']:g} s", f"{run.memory_mib:7.0f} of {budget['memory_mib']:g} MiB"]
    if run.gpu_mib:
        parts.append(f"GPU {run.gpu_mib:7.0f} of {budget.get('gpu_mib', float('inf')):g} MiB")
    over = run.over(budget)
    verdict = "ERROR" if run.error else f"OVER BUDGET: {', '.join(over)}" if over else "ok"
    return f"{run.lesson:<28} {'  '.join(parts)}  {verdict}"


def main(arguments: list[str] | None = None) -> int:
    """Run the lessons named on the command line (all by default); 0 when each ran within its budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", type=Path, help="notebooks; all of notebooks/ by default")
    parser.add_argument("--profile", choices=PROFILES, default="laptop")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--normalise-only", action="store_true", help="run nothing, tidy the files")
    options = parser.parse_args(arguments)
    lessons = options.lessons or sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    if not lessons:
        parser.error(f"no lessons in {NOTEBOOKS}")
    return max([_one_lesson(path, options) for path in lessons])


def _one_lesson(path: Path, options: argparse.Namespace) -> int:
    notebook = nbformat.read(path, as_version=4)
    failed = 0
    if not options.normalise_only:
        budget = budget_of(path.stem, options.profile)
        run = run_lesson(path, notebook, options.profile)
        print(describe(run, budget), flush=True)
        if run.error:
            print(run.error, file=sys.stderr)
            return 1  # and what was stored before stays
        failed = int(bool(run.over(budget)))
    if not options.check:
        nbformat.write(normalise(notebook), path)
    return failed


if __name__ == "__main__":
    sys.exit(main())
