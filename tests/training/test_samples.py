"""Sample pictures of a training: when they are painted, with which weights, and where each stands on its sheet."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nstlib.errors import NstError
from nstlib.images.sheet import GAP
from nstlib.training import samples
from nstlib.training.loop import TrainingSettings, TrainStep, train
from nstlib.training.samples import PairSamples, Samples, check_sheets


class Flat(nn.Module):
    """Paints every picture in one grey, its only weight; style number n is n tenths brighter."""

    def __init__(self, value=0.1, styles=1):
        super().__init__()
        self.value, self.options, self.modes = nn.Parameter(torch.tensor(value)), {"styles": styles}, []

    def forward(self, picture, style=None):
        self.modes.append((self.training, torch.is_inference_mode_enabled(), style))
        return torch.zeros_like(picture) + self.value + 0.1 * (style if isinstance(style, int) else 0)


def square(grey):
    return torch.full((1, 3, 40, 40), grey)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Squares of 40 px in the place of photographs (black and white by turns) and styles (two greys)."""
    monkeypatch.setattr(samples, "SIDE", 40)
    monkeypatch.setattr(samples, "photo", lambda name, size: square({"temple": 0.0, "astronaut": 1.0, "flower": 0.5}[name]))
    monkeypatch.setattr(samples, "style", lambda name, size: square({"swirls": 0.2, "mosaic": 0.8}.get(name, 0.4)))


def greys(path, rows, columns):
    """The grey in the middle of each picture of a sheet, in tenths."""
    page = np.asarray(Image.open(path).convert("L")) / 25.5
    assert page.shape == (40 * rows + GAP * (rows - 1), 40 * columns + GAP * (columns - 1))
    return [
        [round(float(page[row * (40 + GAP) + 20, column * (40 + GAP) + 20]), 1) for column in range(columns)]
        for row in range(rows)
    ]


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_sheet_comes_with_every_so_many_steps_and_is_named_by_their_number(tmp_path):
    callback, seen = Samples(tmp_path / "deep" / "samples", 3), []
    for index in range(7):
        assert callback(TrainStep(index, {}, Flat())) is None  # nothing true: that would stop the training
        seen.append(names(tmp_path / "deep" / "samples"))
    first, second = "step_000003.png", "step_000006.png"
    assert seen == [[], [], [first], [first], [first], [first, second], [first, second]]


def test_no_sheet_is_written_over_what_it_is_made_from(tmp_path):
    """Nor over what a link leads to; other steps, and pictures that are not asked for, are in nobody's way."""
    run, names = tmp_path / "r.run", ("step_000002.png", "step_000003.png", "step_more.png")
    (run / "samples").mkdir(parents=True)
    for name in names:
        (run / "samples" / name).touch()
    (run / "samples" / "step_000004.png").symlink_to(tmp_path / "style.png")
    (tmp_path / "style.png").touch()
    two, three, more = (str(run / "samples" / name) for name in names)
    for inputs in ([three, two], [tmp_path / "style.png"], [run / "samples" / ".." / "samples" / "step_000002.png"]):
        with pytest.raises(NstError, match="is read as .* written over"):
            check_sheets(run, 2, inputs)
    check_sheets(run, 2, [three, more, "waves", "http://x/step_000002.png", None])
    check_sheets(tmp_path / "new.run", 1, [two])


def test_it_shows_the_weights_after_that_very_step(tmp_path):
    """A weight that grows by 0.1 a step: the sheet of step 2 is twice as bright as that of step 1."""
    network = Flat(0.0)
    settings, values, callback = TrainingSettings(4, 1, 0.1, warmup=0.0, precision="no"), [], Samples(tmp_path, 1)
    train(
        network,
        lambda network, images, numbers: {"total": -10 * network.value},
        lambda step, count, first: torch.zeros(1, 1),
        settings,
        progress=False,
        callback=lambda step: values.append(10 * step.network.value.item()) or callback(step),
    )
    assert values[0] == pytest.approx(1, abs=1e-3) and len(values) == 4
    for number, value in enumerate(values, 1):
        assert greys(tmp_path / f"step_{number:06d}.png", 1, 3)[0] == pytest.approx([value] * 3, abs=0.06)


def test_it_paints_in_evaluation_mode_and_learning_goes_on(tmp_path):
    network = Flat()
    Samples(tmp_path, 1)(TrainStep(0, {}, network.train()))
    assert network.modes == [(False, True, None)] * 3 and network.training


@pytest.mark.parametrize(("styles", "rows"), [(1, 1), (2, 2), (4, 4), (9, 4)])
def test_a_row_is_a_style_and_a_column_a_photograph(tmp_path, styles, rows):
    network = Flat(0.1, styles)
    network.forward = lambda picture, style: (picture[..., :1, :1] * 0.5 + 0.1 * (style or 0)).expand(-1, 3, 40, 40)
    Samples(tmp_path, 1, styles)(TrainStep(0, {}, network))
    wanted = [[pytest.approx(one + number, abs=0.06) for one in (0, 5, 2.5)] for number in range(rows)]
    assert greys(tmp_path / "step_000001.png", rows, 3) == wanted


def test_values_outside_the_range_are_clamped(tmp_path):
    Samples(tmp_path, 1)(TrainStep(0, {}, Flat(1.7)))
    assert greys(tmp_path / "step_000001.png", 1, 3) == [[10, 10, 10]]


def test_pairs_stand_behind_their_style_picture(tmp_path):
    """Each row begins with the style, then come the photographs in it."""

    class Mean(nn.Module):
        def forward(self, content, manner):
            return (content + manner) / 2

    PairSamples(tmp_path, 2, style_pictures=("swirls", "mosaic"))(TrainStep(1, {}, Mean()))
    wanted = [[2, 1, 6, 3.5], [8, 4, 9, 6.5]]
    assert greys(tmp_path / "step_000002.png", 2, 4) == [[pytest.approx(one, abs=0.06) for one in row] for row in wanted]
