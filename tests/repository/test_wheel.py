"""What is installed from the repository's address: the package alone, with its pictures and weights, away from the clone."""

import os
import subprocess
import sys
import zipfile

import pytest
from checkout import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("nstlib-*.whl"))


def test_the_wheel_holds_every_module_weight_style_and_mask(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for kind in ("py", "js", "css") for path in (ROOT / "nstlib").rglob(f"*.{kind}")}
    weights = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nstlib/weights").iterdir()}
    pictures = {
        f"nstlib/_images/{kind}/{path.name}" for kind in ("styles", "masks") for path in (ROOT / "images" / kind).iterdir()
    }
    networks = {f"nstlib/weights/{name}.safetensors" for name in ("mini", "micro")}
    assert networks | {"nstlib/_images/styles/styles.json"} <= weights | pictures
    assert modules | weights | pictures <= names


def test_the_wheel_holds_nothing_of_the_course_around_it(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nstlib"}


def test_the_wheel_paints_away_from_the_clone(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = (
        "import nstlib.images.gallery, nstlib.features.extractor, sys\n"
        "assert nstlib.images.gallery.__file__.startswith(sys.argv[1]), nstlib.images.gallery.__file__\n"
        "picture = nstlib.images.gallery.style('swirls', 64)\n"
        "mask = nstlib.images.gallery.mask('temple', 'sky', 64)\n"
        "features = nstlib.features.extractor.FeatureExtractor('mini', ['relu2_1'])(picture)\n"
        "print(tuple(picture.shape), tuple(mask.shape), features['relu2_1'].ndim)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(") ")[-1].strip() == "4"
