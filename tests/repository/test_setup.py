"""The set-up files against each other, and against what the library imports."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import lowest_bounds
import pytest
import yaml
from checkout import MAKE_TARGETS, ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = [
    requirement
    for texts in PROJECT["optional-dependencies"].values()
    for requirement in map(Requirement, texts)
    if requirement.name != PROJECT["name"]  # an extra that takes another one in
]
REPOSITORY = PROJECT["urls"]["Repository"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def pins():
    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    return {canonicalize_name(name): Version(version) for name, version in (line.split("==") for line in lines if line)}


@pytest.mark.parametrize("requirement", CORE + EXTRAS, ids=str)
def test_every_dependency_has_a_pin_within_its_range(requirement):
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("requirement", CORE + EXTRAS, ids=str)
def test_dependencies_have_lower_bounds_only(requirement):
    # An upper bound would make pip replace a newer torch, or whatever else a hosted notebook has.
    assert [clause.operator for clause in requirement.specifier] == [">="]


def test_what_colab_has_satisfies_the_library():
    colab = {"torch": "2.11.0", "torchvision": "0.26.0", "numpy": "2.1.0", "ipywidgets": "7.7.1", "ipython": "7.34.0"}
    ranges = {requirement.name: requirement.specifier for requirement in CORE}
    assert all(ranges[name].contains(version) for name, version in colab.items())


def test_constraints_hold_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"#.*|[a-z0-9-]+==[0-9][\w.]*", line) for line in lines)


def test_conda_installs_what_the_makefile_installs():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    makefile = (ROOT / "Makefile").read_text()
    assert pip == ["-c constraints.txt", "-e .[lab,test]"]
    assert '-c constraints.txt -e ".[lab,test]"' in makefile
    assert sorted(entry.split(">")[0] for entry in conda) == ["pip", "python"]


def test_conda_takes_the_pythons_that_are_tested():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python = SpecifierSet(next(str(e) for e in environment["dependencies"] if str(e).startswith("python")).removeprefix("python"))
    named = [entry.rsplit(" ", 1)[1] for entry in PROJECT["classifiers"] if "Python :: 3." in entry]
    assert named == ["3.11", "3.12", "3.13"]
    assert all(python.contains(version) for version in named) and not python.contains("3.10") and not python.contains("3.14")
    assert SpecifierSet(PROJECT["requires-python"]).contains("3.11") and "3.10" not in SpecifierSet(PROJECT["requires-python"])


def third_party_imports():
    names = set()
    for path in (ROOT / "nstlib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"nstlib"}


def test_what_the_library_imports_is_declared():
    providers = packages_distributions()
    declared = {canonicalize_name(requirement.name) for requirement in CORE}
    missing = {n for n in third_party_imports() if not {canonicalize_name(d) for d in providers.get(n, [])} & declared}
    assert not missing, f"imported in nstlib and not in pyproject.toml: {sorted(missing)}"


def commands(workflow):
    steps = [step for job in yaml.safe_load(workflow.read_text())["jobs"].values() for step in job["steps"]]
    return [line.split() for step in steps if "run" in step for line in step["run"].splitlines()]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_name_commands_and_files_that_exist(workflow):
    assert commands(workflow)
    for words in commands(workflow):
        program = words[0]
        if program == "make":
            assert set(words[1:]) <= MAKE_TARGETS
        elif program in ("python", ".venv/bin/python"):
            target = ROOT / words[1] if words[1] != "-m" else None
            assert target is None or target.is_file(), words
            assert target or words[2] in ("pip", "pytest"), words
        else:
            assert (ROOT / program).is_file(), words
        for word in words[1:]:
            if word in ("tests", "notebooks"):
                assert (ROOT / word).is_dir()


def test_workflows_run_scripts_with_options_they_have():
    for words in [w for workflow in WORKFLOWS for w in commands(workflow) if w[1:] and w[1].startswith("tools/")]:
        help_text = subprocess.run([sys.executable, ROOT / words[1], "--help"], capture_output=True, text=True, check=True).stdout
        assert all(option in help_text for option in words[2:] if option.startswith("--")), words


def test_the_cpu_workflow_tests_both_ends_of_the_ranges():
    workflow = yaml.safe_load((ROOT / ".github/workflows/cpu.yml").read_text())["jobs"]["library"]
    assert workflow["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    lowest = {r.name: next(iter(r.specifier)).version for r in CORE}
    assert f"torch=={lowest['torch']}.* torchvision=={lowest['torchvision']}.*" in workflow["env"]["TORCH"]


def test_the_cpu_workflow_tests_every_python_and_every_lower_bound():
    jobs = yaml.safe_load((ROOT / ".github/workflows/cpu.yml").read_text())["jobs"]
    assert jobs["make-test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert {"run": ".ci/run"} in jobs["make-test"]["steps"]
    written, installed, *_ = [step["run"] for step in jobs["lowest"]["steps"] if "run" in step]
    assert written == "python tools/run/lowest_bounds.py --out lowest.txt" and "-c lowest.txt" in installed


def test_the_lowest_bounds_are_those_of_every_requirement():
    lines = answer([sys.executable, ROOT / "tools/run/lowest_bounds.py"]).stdout.splitlines()
    highest = {}
    for requirement in CORE + EXTRAS:  # an extra may ask for more than the library
        version = Version(next(iter(requirement.specifier)).version)
        highest[requirement.name] = max(version, highest.get(requirement.name, version))
    assert sorted(lines) == sorted(f"{name}=={version}" for name, version in highest.items())


@pytest.mark.parametrize("requirement", ["numpy", "numpy<3", "numpy>=1,<3", "torch~=2.9"])
def test_a_requirement_without_a_plain_lower_bound_is_refused(requirement, tmp_path):
    project = f"[project]\nname = 'nstlib'\ndependencies = ['{requirement}']\noptional-dependencies = {{}}\n"
    (tmp_path / "pyproject.toml").write_text(project)
    with pytest.raises(SystemExit, match="NAME>=VERSION"):
        lowest_bounds.lowest(tmp_path / "pyproject.toml")


def test_ruff_has_nothing_to_say():
    done = answer([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_test_is_one_run_of_pytest_on_library_and_lessons():
    makefile = (ROOT / "Makefile").read_text()
    _, _, recipe = makefile.partition("\ntest: $(INSTALLED)\n")
    browser, run, *_ = recipe.splitlines()
    # Its minus sign: where no browser can be fetched, the tests run, and say that there was none.
    assert browser == "\t-@$(RUN) tools/run/find_browser.py --install"
    assert run == '\tPYTEST_ADDOPTS="$(WORKERS) $$PYTEST_ADDOPTS" $(RUN) -m pytest -q'
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests", "notebooks"] and "--nbval-lax" in options["addopts"]


def test_make_test_gpu_is_the_script_that_the_workflow_runs():
    _, _, recipe = (ROOT / "Makefile").read_text().partition("\ntest-gpu: $(INSTALLED)\n")
    assert recipe.splitlines()[0] == "\t@$(RUN) tools/run/test_gpu.py"
    workflow = ROOT / ".github/workflows/gpu.yml"
    assert ["make", "test-gpu"] in commands(workflow)
    assert yaml.safe_load(workflow.read_text())["jobs"]["lessons"]["env"] == {"NSTLIB_DEVICE": "cuda"}


def test_ci_calls_make_test_and_nothing_else():
    script = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert script == ["set -e", 'cd "$(dirname "$0")/.."', "exec make test"]


def test_the_citation_names_this_repository_and_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["repository-code"] == REPOSITORY and citation["version"] == PROJECT["version"]


def test_licences_stand_apart():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert "CC BY 4.0" in (ROOT / "LICENSE-text").read_text()


def answer(command, **options):
    """The finished process of a command that may fail."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="the script is for POSIX shells")


@not_on_windows
@pytest.mark.needs("sh")
def test_a_python_that_does_not_fit_is_refused_in_words():
    refused = answer(["sh", ROOT / "tools/run/find_python.sh", "/no/such/python"])
    assert refused.returncode == 1 and "Python 3.11 or later" in refused.stderr and not refused.stdout


@not_on_windows
@pytest.mark.needs("sh")
def test_the_named_python_is_taken():
    taken = answer(["sh", ROOT / "tools/run/find_python.sh", sys.executable])
    assert (taken.returncode, taken.stdout.strip()) == (0, sys.executable)


@not_on_windows
@pytest.mark.needs("sh")
def test_no_python_on_the_path_is_said(tmp_path):
    refused = answer([shutil.which("sh"), ROOT / "tools/run/find_python.sh"], env={"PATH": str(tmp_path)})
    assert refused.returncode == 1 and "make lab PYTHON=" in refused.stderr


@pytest.mark.needs("make")
def test_a_second_make_venv_does_nothing(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools/run").mkdir(parents=True)
    shutil.copy(ROOT / "tools/run/find_python.sh", tmp_path / "tools/run")
    (tmp_path / ".venv").mkdir()

    def would_do():
        return subprocess.run(["make", "-n", "venv"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "pip install" in would_do()
    (tmp_path / ".venv/.installed").touch()
    assert "pip install" not in would_do()
