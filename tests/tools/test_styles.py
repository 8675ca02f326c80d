"""The style pictures: files and records agree, and the drawing code gives the same picture for the same parameters."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import draw_training_styles
import numpy as np
import pytest
from PIL import Image
from styles import STYLES, draw
from styles.engine.fields import FIELDS, choose

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "images" / "styles"
RECORDS = json.loads((FOLDER / "styles.json").read_text(encoding="utf-8"))


def small(name, **changes):
    """A style's parameters for a picture of 96 px, with changes."""
    return replace(STYLES[name].parameters.scaled((96, 96)), **changes)


def test_records_and_files_are_the_catalogue():
    assert set(RECORDS) == set(STYLES) == {path.stem for path in FOLDER.glob("*.jpg")}
    assert len(RECORDS) >= 12 and "swirls" in RECORDS


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_record_tells_what_the_picture_is(name):
    record, parameters = RECORDS[name], STYLES[name].parameters
    with Image.open(FOLDER / f"{name}.jpg") as picture:
        assert picture.mode == "RGB" and list(picture.size) == record["size"] and min(picture.size) >= 768
        assert picture.getextrema()[0][1] - picture.getextrema()[0][0] > 150  # from dark to light
    assert (record["seed"], record["stroke_width"], record["direction"]) == (
        parameters.seed,
        parameters.stroke_width,
        parameters.direction,
    )
    assert record["palette"] == list(parameters.palette)
    assert len(record["palette"]) >= 5 and all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in record["palette"])
    assert record["title"] and record["kind"] and record["licence"] == "CC-BY-4.0"
    assert record["description"].endswith(".") and len(record["description"]) >= 40


def test_pictures_are_small_files():
    sizes = [path.stat().st_size for path in FOLDER.glob("*.jpg")]
    assert max(sizes) <= 500_000 and sum(sizes) <= 7_000_000


@pytest.mark.parametrize("name", sorted(STYLES))
def test_same_parameters_same_bytes(name):
    picture = draw(name, small(name))
    assert picture.shape == (96, 96, 3) and picture.dtype == np.uint8
    assert picture.tobytes() == draw(name, small(name)).tobytes()


@pytest.mark.parametrize("name", sorted(STYLES))
def test_size_need_not_be_square_nor_even(name):
    assert draw(name, small(name, size=(121, 90))).shape == (90, 121, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"stroke_width": 3.0},
        {"direction": 30},
        {"direction": "radial"},
        {"palette": tuple(reversed(STYLES["swirls"].parameters.palette))},
    ],
)
def test_every_parameter_counts(change):
    assert (draw("swirls", small("swirls")) != draw("swirls", small("swirls", **change))).mean() > 0.3


def test_strokes_lie_in_the_direction_asked_for():
    """Along the strokes the picture changes less than across them."""
    for degrees, along in ((0, 1), (90, 0)):
        parameters = STYLES["swirls"].parameters.scaled((256, 256))
        grey = draw("swirls", replace(parameters, direction=degrees)).astype(float).mean(2)
        steps = [np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1)]
        assert steps[along] < 0.8 * steps[1 - along]


def test_wider_strokes_are_coarser():
    """Neighbouring pixels differ less when strokes are wide."""
    steps = []
    for width in (2.0, 8.0):
        parameters = replace(STYLES["sunset"].parameters.scaled((256, 256)), stroke_width=width)
        steps.append(np.abs(np.diff(draw("sunset", parameters).astype(float), axis=0)).mean())
    assert steps[1] < 0.9 * steps[0]


def test_fields_are_unit_vectors_and_unknown_names_are_refused():
    form = np.ones((40, 60), np.complex64)
    for name in FIELDS:
        assert np.allclose(np.abs(choose(small("swirls", direction=name), form)), 1, atol=1e-5)
    with pytest.raises(ValueError, match="direction='up'"):
        choose(small("swirls", direction="up"), form)
    with pytest.raises(ValueError, match="choose one of swirls"):
        draw("no such style")


def test_directions_that_a_picture_cannot_take_are_refused():
    for name in ("marbling", "halftone", "waves", "gold"):
        with pytest.raises(ValueError, match="direction='radial'"):
            draw(name, small(name, direction="radial"))


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="at least 32"):
        small("swirls", size=(8, 96))
    with pytest.raises(ValueError, match="more than 0"):
        small("swirls", stroke_width=0)
    with pytest.raises(ValueError, match="palette of 10"):
        draw("swirls", small("swirls", palette=("#000000",)))


@pytest.mark.parametrize("kind", sorted(draw_training_styles.KINDS))
def test_random_pictures_of_every_kind(kind):
    """Drawn at random, in colours and directions that the kind can take, and always the same for the same number."""
    pictures = [np.asarray(draw_training_styles.draw_picture(number, kind, 96, seed=1)) for number in (5, 5, 6)]
    assert pictures[0].shape == (96, 96, 3) and pictures[0].std() > 5
    assert np.array_equal(pictures[0], pictures[1]) and not np.array_equal(pictures[0], pictures[2])


def test_drawing_for_training_goes_on_where_it_stopped(tmp_path, monkeypatch):
    def draw_into_folder(*words):
        monkeypatch.setattr(sys, "argv", ["draw", str(tmp_path), "--size", "32", *words])
        draw_training_styles.main()
        return {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    first = draw_into_folder("--count", "2")
    more = draw_into_folder("--count", "4", "--without", "dots")
    assert set(more) == {"00000_swirls.jpg", "00001_brushwork.jpg", "00003_touches.jpg", "00004_flowers.jpg"}
    assert all(more[name] == when for name, when in first.items())
