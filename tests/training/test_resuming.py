"""Trainings that go on: to the same end as in one piece, from the folder of the same training only, whatever interrupted them."""

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from line import SETTINGS, SHORT, Known, Line, distance, known_distance, known_values, values
from small_training import small_training
from torch import nn

from nstlib.errors import NstError
from nstlib.settings import has_bf16
from nstlib.training.checkpoints import latest_path, load_latest, save_checkpoint, set_aside
from nstlib.training.loop import Run, TrainingError, TrainingSettings, train


def test_a_training_in_two_lives_counts_steps_and_seconds_of_both(tmp_path, monkeypatch):
    """The first is stopped after 4 of 6 steps and keeps them; from there the second goes on. Each step takes ten seconds."""
    settings, seen, clock = TrainingSettings(6, 8, 0.01, ema=0.5, precision="no", checkpoint_every=3), [], [0.0]
    monkeypatch.setattr("nstlib.training.loop.time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def look(step):
        clock[0] += 10
        seen.append(step.index)
        return seen == [0, 1, 2, 3]

    first = train(Line(), distance, values, settings, tmp_path, progress=False, callback=look)
    assert len(first.history["total"]) == 4 and load_latest(tmp_path).step == 4
    assert first.seconds == 40 == load_latest(tmp_path).notes["seconds"]
    again = train(Line(), distance, values, settings, tmp_path, progress=False, callback=look)
    whole = train(Line(), distance, values, settings, progress=False)
    assert seen == [0, 1, 2, 3, 4, 5] and again.history == whole.history and torch.equal(again.network.a, whole.network.a)
    assert again.seconds == 60


def test_the_interval_of_checkpoints_may_change_and_nothing_else(tmp_path):
    train(Line(), distance, values, TrainingSettings(2, 8, precision="no", checkpoint_every=1), tmp_path, progress=False)
    train(Line(), distance, values, TrainingSettings(2, 8, precision="no", checkpoint_every=9), tmp_path, progress=False)
    for other in ({"batch": 4}, {"learning_rate": 1.0}, {"ema": 0.5}, {"clip": 2.0}, {"warmup": 0.5}):
        with pytest.raises(NstError, match=next(iter(other)).replace("_", " ")):
            train(
                Line(), distance, values, TrainingSettings(2, **{"batch": 8, "precision": "no"} | other), tmp_path, progress=False
            )


def test_another_network_or_other_settings_in_the_folder(tmp_path):
    train(Line(), distance, values, TrainingSettings(2, batch=8, precision="no"), tmp_path, progress=False)
    with pytest.raises(NstError, match="steps 150, was 2; learning rate 0.1, was 0.0015"):
        train(Line(), distance, values, SETTINGS, tmp_path, progress=False)
    with pytest.raises(NstError, match="network Linear, was Line"):
        train(nn.Linear(1, 1), distance, values, TrainingSettings(2, batch=8, precision="no"), tmp_path, progress=False)


def test_a_loss_and_pictures_of_ones_own_are_known(tmp_path):
    def weighted(weight):
        return lambda network, x, numbers: {"total": weight * distance(network, x, numbers)["total"]}

    def other_values(step, count, first=0):
        return values(step, count, first) + 1

    train(Line(), weighted(1), values, SHORT, tmp_path, progress=False)
    train(Line(), weighted(1), values, SHORT, tmp_path, progress=False)
    with pytest.raises(NstError, match="loss: another function"):
        train(Line(), weighted(2), values, SHORT, tmp_path, progress=False)
    with pytest.raises(NstError, match="pictures: another function"):
        train(Line(), weighted(1), other_values, SHORT, tmp_path, progress=False)
    train(Line(), weighted(1), values, replace(SHORT, checkpoint_every=1), tmp_path, progress=False)  # which changes no result


class Scaled(Line):
    """A Line that begins and multiplies as it is told."""

    def __init__(self, first=0.0, factor=1.0, learns=True):
        super().__init__()
        self.factor = factor
        self.frozen.requires_grad_(learns)
        torch.nn.init.constant_(self.a, first)

    def forward(self, x):
        return self.factor * super().forward(x)


def test_a_network_is_known_by_how_it_begins_and_what_it_computes(tmp_path):
    class Other(Scaled):
        def forward(self, x):
            return super().forward(x) + 1

    train(Scaled(), distance, values, SHORT, tmp_path, progress=False)
    train(Scaled(), distance, values, SHORT, tmp_path, progress=False)
    Other.__name__ = "Scaled"
    for other in (Scaled(factor=2.0), Scaled(learns=False), Other()):
        with pytest.raises(NstError, match="network's code and settings: another Scaled"):
            train(other, distance, values, SHORT, tmp_path, progress=False)
    with pytest.raises(NstError, match="network's first weights: another"):
        train(Scaled(0.5), distance, values, SHORT, tmp_path, progress=False)


@pytest.mark.parametrize(("ema", "precision"), [(0.0, "no"), (0.5, "no"), (0.5, "bf16")])
def test_a_network_that_was_stopped_goes_on_from_where_it_stands(tmp_path, ema, precision):
    """As in a notebook, whose cell is run again: the first weights are those that the training itself has left."""
    settings, network = replace(SHORT, ema=ema, precision=precision), Line()
    whole = train(Line(), distance, values, settings, progress=False)
    for stop in (0, 2, 9):
        train(network, distance, values, settings, tmp_path, progress=False, callback=lambda step, at=stop: step.index == at)
    assert torch.equal(network.a, whole.network.a)
    assert train(Line(), distance, values, settings, tmp_path, progress=False).history == whole.history
    with pytest.raises(NstError, match="steps 5, was 4"):
        train(network, distance, values, replace(settings, steps=5), tmp_path, progress=False)
    train(network, distance, values, settings, tmp_path, progress=False)  # being refused leaves no trace on it
    with torch.no_grad():
        network.a.add_(1)
    with pytest.raises(NstError, match="network's first weights: another"):
        train(network, distance, values, settings, tmp_path, progress=False)


def test_auto_is_what_it_is_on_this_machine(tmp_path):
    train(Line(), distance, values, replace(SHORT, precision="auto"), tmp_path, progress=False)
    train(
        Line(),
        distance,
        values,
        replace(
            SHORT, precision=Run(Line(), distance, values, SHORT, None).accelerator.mixed_precision if not has_bf16() else "bf16"
        ),
        tmp_path,
        progress=False,
    )


def test_a_checkpoint_of_an_earlier_version_is_refused_in_words(tmp_path):
    train(Line(), distance, values, SHORT, tmp_path, progress=False)
    found = load_latest(tmp_path)
    del found.notes["identity"]
    save_checkpoint(tmp_path, found)
    before = latest_path(tmp_path).read_bytes()
    with pytest.raises(NstError, match="earlier version"):
        train(Line(), distance, values, SHORT, tmp_path, progress=False)
    assert latest_path(tmp_path).read_bytes() == before
    set_aside(tmp_path)
    assert len(train(Line(), distance, values, SHORT, tmp_path, progress=False).history["total"]) == 4


def test_a_refused_training_leaves_no_lock(tmp_path):
    train(Line(), distance, values, SHORT, tmp_path, progress=False)
    for _ in range(2):
        with pytest.raises(NstError, match="steps 150, was 4"):
            train(Line(), distance, values, SETTINGS, tmp_path, progress=False)
    train(Line(), distance, values, SHORT, tmp_path, progress=False)


def interrupting(function, at):
    """The function, Ctrl-C being pressed in its call number `at`."""
    calls = iter(range(10**6))

    def called(*given, **named):
        if next(calls) == at:
            signal.raise_signal(signal.SIGINT)
        return function(*given, **named)

    return called


@pytest.mark.parametrize("where", ["pictures", "loss", "update", "saving", "callback"])
@pytest.mark.parametrize("at", [0, 3])
def test_ctrl_c_anywhere_keeps_every_whole_step(tmp_path, monkeypatch, where, at):
    settings = TrainingSettings(8, batch=8, ema=0.5, precision="no", checkpoint_every=2)
    whole = train(Line(), known_distance, known_values, settings, progress=False)
    loss, pictures, callback = known_distance, known_values, lambda step: None
    with monkeypatch.context() as patch:
        if where == "update":
            patch.setattr(torch.optim.AdamW, "step", interrupting(torch.optim.AdamW.step, at))
        if where == "saving":
            patch.setattr("nstlib.training.loop.save_checkpoint", interrupting(save_checkpoint, at))
        loss = Known(interrupting(distance, at)) if where == "loss" else loss
        pictures = Known(interrupting(values, at)) if where == "pictures" else pictures
        callback = interrupting(callback, at) if where == "callback" else callback
        first = train(Line(), loss, pictures, settings, tmp_path, progress=False, callback=callback)
    stopped = {"pictures": at, "loss": at, "update": at + 1, "saving": 2 * at + 2, "callback": at + 1}[where]
    assert load_latest(tmp_path).step == stopped == len(first.history.get("total", []))
    again = train(Line(), known_distance, known_values, settings, tmp_path, progress=False)
    assert again.history == whole.history and torch.equal(again.network.a, whole.network.a)


class Counting(nn.Module):
    """y = a x, behind a batch normalisation that counts what it saw."""

    def __init__(self):
        super().__init__()
        self.a, self.norm = nn.Parameter(torch.zeros(1)), nn.BatchNorm1d(1)

    def forward(self, x):
        return self.a * self.norm(x[:, None])[:, 0]


def test_a_step_that_fails_leaves_no_trace(tmp_path):
    """Batch normalisation counts in the forward pass: also then a step is done whole or not at all."""
    settings = TrainingSettings(6, batch=8, precision="no")
    whole = train(Counting(), known_distance, known_values, settings, progress=False)

    def failing(network, x, numbers):
        found = distance(network, x, numbers)
        if numbers[0] == 3 * 8:
            raise OSError("no more")
        return found

    with pytest.raises(OSError, match="no more"):
        train(Counting(), Known(failing), known_values, settings, tmp_path, progress=False)
    again = train(Counting(), known_distance, known_values, settings, tmp_path, progress=False)
    assert again.history == whole.history
    assert all(torch.equal(one, other) for one, other in zip(again.network.buffers(), whole.network.buffers(), strict=True))


@pytest.mark.parametrize("interrupted", [False, True])
def test_what_was_learned_is_handed_back_where_the_disk_is_full(tmp_path, monkeypatch, interrupted):
    """Also by the one who presses Ctrl-C: the checkpoint that this writes is refused too."""

    def full(folder, checkpoint):
        raise NstError("the disk is full")

    def press(step):
        if interrupted and step.index == 2:
            raise KeyboardInterrupt

    settings, steps = replace(SHORT, ema=0.5), 3 if interrupted else 4
    whole = train(Line(), distance, values, settings, progress=False, callback=lambda step: step.index == steps - 1)
    monkeypatch.setattr("nstlib.training.loop.save_checkpoint", full)
    with pytest.raises(TrainingError, match="the disk is full") as caught:
        train(Line(), distance, values, settings, tmp_path, progress=False, callback=press)
    result = caught.value.result
    assert result.history == whole.history and torch.equal(result.network.a, whole.network.a) and not result.network.training


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found.notes.pop("settings"),
        lambda found: found.notes.pop("seconds"),
        lambda found: found.notes.update(identity=None),
        lambda found: found.tensors.pop("history.total"),
        lambda found: found.tensors.update(other=torch.zeros(1)),
    ],
    ids=range(5),
)
def test_a_checkpoint_that_cannot_be_used_is_passed_over(tmp_path, caplog, spoil):
    settings = TrainingSettings(4, batch=8, precision="no", checkpoint_every=2)
    whole = train(Line(), distance, values, settings, tmp_path, progress=False)
    last = load_latest(tmp_path)
    spoil(last)
    save_checkpoint(tmp_path, last)
    again = train(Line(), distance, values, settings, tmp_path, progress=False)
    assert again.history == whole.history and ("checkpoint before it is taken" in caplog.text)


def test_stopped_and_started_again_it_ends_the_same_to_the_bit(tmp_path):
    whole = small_training(tmp_path / "whole")
    network = small_training(tmp_path / "parts")
    os.remove(latest_path(tmp_path / "parts"))  # as if it had been killed after the checkpoint before the last
    again = small_training(tmp_path / "parts")
    for one, other in ((whole, network), (whole, again)):
        assert one.history == other.history
        assert all(torch.equal(a, b) for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True))
