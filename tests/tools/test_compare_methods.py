"""The table of all methods: what is stored, how a stopped run goes on, and that every method of the table exists."""

import importlib.util
import json
import sys

import pytest
from checkout import ROOT

from nstlib.features.extractor import MICRO_WEIGHTS
from nstlib.judging.metrics import BASELINES, MEASURED, METRICS


def loaded():
    """The tool as it is, anew."""
    spec = importlib.util.spec_from_file_location("compare_methods", ROOT / "tools" / "measure" / "compare_methods.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tool(monkeypatch):
    module = loaded()
    monkeypatch.setattr(module, "PHOTOS", ("temple", "page"))
    monkeypatch.setattr(module, "STYLES", ("swirls", "ink"))
    monkeypatch.setattr(module, "can_have_lpips", lambda: False)
    monkeypatch.setattr(module, "vgg", lambda: None)
    return module


@pytest.fixture
def with_vgg(tool, monkeypatch):
    """The tool, as where VGG-19 is installed; here with random weights."""
    layers = (*tool.STYLE_LAYERS, *tool.CONTENT_LAYERS)
    network = tool.FeatureExtractor("vgg19", layers, weights="random")
    monkeypatch.setattr(tool, "vgg", lambda: network)
    return tool


def test_rows_without_vgg19s_scores_are_measured_anew(tool, with_vgg, tmp_path, monkeypatch):
    path, names = tmp_path / "methods.json", ["photograph", "style pasted"]
    with monkeypatch.context() as patch:
        patch.setattr(tool, "vgg", lambda: None)
        tool.compare(names, path, 64, rows_left=-1)
    assert "VGG-19" not in path.with_suffix(".md").read_text()
    tool.compare(names, path, 64, rows_left=3)
    assert "VGG-19" not in path.with_suffix(".md").read_text()  # one row is still missing
    tool.compare(names, path, 64, rows_left=-1)
    methods = json.loads(path.read_text())["methods"]
    for rows in methods.values():
        assert set(rows) == {*METRICS, *tool.SEEN, "seconds"} and all(len(rows[m]["page"]) == 2 for m in tool.SEEN)
    assert max(methods["photograph"]["VGG-19 content"]["page"]) < 1e-4 < min(methods["photograph"]["VGG-19 style"]["page"])
    assert "| VGG-19 style ↓ | VGG-19 content ↓ | CPU s |" in path.with_suffix(".md").read_text()


@pytest.mark.needs("VGG-19")
def test_the_judge_is_vgg19_with_its_own_weights():
    tool = loaded()
    pair, paste = tool.pair_of("cat", "ink", 48), tool.BASELINES["style pasted"]
    scores = tool.judged(tool.CONTENDERS["style pasted"], pair, has_lpips=False)
    found = tool.seen_distances(paste(pair.content, pair.manner).cpu(), pair.content.cpu(), pair.manner.cpu())
    assert {name: scores[name] for name in tool.SEEN} == pytest.approx({n: found[k] for n, k in tool.SEEN.items()}, rel=1e-4)


def test_a_stopped_run_goes_on_and_ends_with_every_score(tool, tmp_path):
    path = tmp_path / "methods.json"
    names = list(BASELINES)
    tool.compare(names, path, 64, rows_left=3)
    first = json.loads(path.read_text())["methods"]
    assert {name: len(rows["SSIM"]) for name, rows in first.items()} == {names[0]: 2, names[1]: 1}
    assert names[1] not in path.with_suffix(".md").read_text()  # not complete: not in the table
    tool.compare(names, path, 64, rows_left=-1)
    second = json.loads(path.read_text())["methods"]
    assert second[names[0]] == first[names[0]]  # not measured again
    for rows in second.values():
        assert set(rows) == {*METRICS, "seconds"} and all(len(rows[m]["page"]) == 2 for m in METRICS)
    table = path.with_suffix(".md").read_text()
    assert all(f"| {name} |" in table for name in names) and "| photograph | 1.00 [1.00, 1.00]" in table


def test_a_file_of_other_pairs_is_refused(tool, tmp_path):
    path = tmp_path / "methods.json"
    tool.compare(["photograph"], path, 64, rows_left=1)
    with pytest.raises(SystemExit, match=r"other pairs, sizes or weights \(size\)"):
        tool.compare(["photograph"], path, 96, rows_left=1)


def test_rows_that_another_network_painted_are_not_gone_on_with(tool, tmp_path, monkeypatch):
    path = tmp_path / "methods.json"
    tool.compare(["photograph"], path, 64, rows_left=-1)
    painter = json.loads(path.read_text())["painter"]
    assert painter.startswith("mini (") and f"methods that search see with {painter};" in path.with_suffix(".md").read_text()
    monkeypatch.setattr(tool, "MINI_WEIGHTS", MICRO_WEIGHTS)
    with pytest.raises(SystemExit, match=r"\(painter\)"):
        tool.compare(["style pasted"], path, 64, rows_left=1)


@pytest.mark.needs("VGG-19")
def test_a_method_is_called_with_its_own_options(tool, monkeypatch):
    import nstlib

    monkeypatch.setattr(tool, "stylize", lambda c, s, **options: nstlib.stylize(c, s, steps=1, **options))
    pair = tool.pair_of("cat", "ink", 48)
    for name in set(tool.CONTENDERS) - set(BASELINES):
        assert tool.CONTENDERS[name](pair).shape == pair.content.shape, name


def test_the_stored_table_has_ten_by_ten_pairs_and_the_baselines():
    stored = json.loads(MEASURED.read_text(encoding="utf-8"))
    assert len(stored["photos"]) >= 10 and len(stored["styles"]) >= 10
    assert set(BASELINES) <= set(stored["methods"])
    table = MEASURED.with_suffix(".md").read_text(encoding="utf-8")
    assert "| photograph |" in table and "python tools/measure/compare_methods.py" in table


def test_the_time_can_be_taken_again_alone(tool, tmp_path):
    path = tmp_path / "methods.json"
    tool.compare(["photograph", "style pasted"], path, 64, rows_left=-1)
    before = json.loads(path.read_text())["methods"]
    tool.time_again(["photograph"], path, 64)
    after = json.loads(path.read_text())["methods"]
    assert after["style pasted"] == before["style pasted"] and after["photograph"]["SSIM"] == before["photograph"]["SSIM"]
    assert {name: len(row) for name, row in after["photograph"]["seconds"].items()} == {"temple": 1, "page": 1}
