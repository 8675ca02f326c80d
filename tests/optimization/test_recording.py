"""What watches over an optimisation: which picture is kept, what is written down, when it looks, and what it says."""

import logging
from types import SimpleNamespace

import pytest
import torch

from nstlib.optimization import recording
from nstlib.optimization.recording import OptimizationError, Recorder, Stopped
from nstlib.settings import is_lack_of_memory, memory_advice


def plain(value, side=4):
    return torch.full((1, 3, side, side), value)


def step(index, total, picture):
    parts = {"content": 0.5 * total, "style": 0.25 * total, "tv": 0.25 * total, "total": total}
    return SimpleNamespace(index=index, losses={name: torch.tensor(loss) for name, loss in parts.items()}, canvas=picture)


def recorder(shape=(4, 4), callback=None, steps=9):
    return Recorder("mini", "W", shape, steps, False, callback)


def test_the_picture_with_the_lowest_loss_is_kept_not_the_last():
    watch = recorder()
    with watch:
        for index, (total, value) in enumerate([(3.0, 0.3), (1.0, 0.1), (2.0, 0.2)]):
            watch.add(step(index, total, plain(value)))
    assert torch.equal(watch.good, plain(0.1)) and torch.equal(watch.result().image, plain(0.1))
    assert watch.result().history["total"] == [3, 1, 2] and watch.result().history["content"] == [1.5, 0.5, 1]


def test_of_equal_losses_the_later_picture_is_kept():
    watch = recorder()
    for index, value in enumerate((0.1, 0.2)):
        watch.add(step(index, 1.0, plain(value)))
    assert torch.equal(watch.result().image, plain(0.2))


def test_a_larger_size_begins_anew():
    """Losses of two sizes do not compare: the best of the larger one counts, if it is worse than the smaller's."""
    watch = recorder((8, 8))
    watch.add(step(0, 1.0, plain(0.1, 4)))
    assert torch.equal(watch.result().image, plain(0.1, 8))  # enlarged to the size that was asked for
    for index, (total, value) in enumerate([(5.0, 0.5), (4.0, 0.4), (6.0, 0.6)]):
        watch.add(step(index, total, plain(value, 8)))
    assert torch.equal(watch.good, plain(0.4, 8)) and torch.equal(watch.result().image, plain(0.4, 8))
    found = watch.result().history
    assert found["side"] == [4, 8, 8, 8] and found["evaluations"] == [1, 2, 3, 4] and watch.result().evaluations == 4


def test_another_network_begins_anew_and_the_history_says_which_saw():
    watch = recorder()
    watch.add(step(0, 1.0, plain(0.1)))
    watch.backbone = "vgg19"
    for index, (total, value) in enumerate([(7.0, 0.5), (8.0, 0.6)]):
        watch.add(step(index, total, plain(value)))
    assert torch.equal(watch.good, plain(0.5))
    assert watch.result().history["backbone"] == ["mini", "vgg19", "vgg19"] and watch.result().backbone == "mini, vgg19"


def test_the_result_is_clamped_before_and_after_it_is_developed():
    watch = recorder()
    watch.develop = lambda image: 3 * image - 1
    watch.add(step(0, 1.0, torch.tensor([-1.0, 0.25, 0.5, 2.0]).view(1, 1, 1, 4).expand(1, 3, 4, 4)))
    assert watch.result().image[0, 0, 0].tolist() == [0, 0, 0.5, 1] and watch.result().image.is_contiguous()
    watch.develop = lambda image: 1.25 - image
    assert watch.result().image[0, 0, 0].tolist() == [1, 1, 0.75, 0.25]


def test_seconds_are_since_the_beginning(monkeypatch):
    clock = iter([10.0, 11.5, 13.0, 20.0])
    monkeypatch.setattr(recording.time, "perf_counter", lambda: next(clock))
    watch = recorder()
    for index in range(2):
        watch.add(step(index, 1.0, plain(0.5)))
    done = watch.result()
    assert done.history["seconds"] == [1.5, 3.0] and done.seconds == 10.0 and done.backbone == "mini" and done.stopped is None


def test_a_true_answer_of_the_callback_stops_and_no_other_does():
    seen, watch = [], recorder(callback=lambda one: seen.append(one.index) or one.index == 2)
    with watch:
        for index in range(9):
            watch.add(step(index, 1.0, plain(0.5)))
    assert seen == [0, 1, 2] and "callback" in watch.stopped and len(watch.losses) == 3
    with pytest.raises(Stopped):
        recorder(callback=lambda one: 1).add(step(0, 1.0, plain(0.5)))


@pytest.mark.parametrize("wrong", [float("inf"), float("nan")])
def test_what_is_not_finite_is_put_into_words_with_the_best_before_it(wrong):
    watch = recorder()
    watch.add(step(0, 1.0, plain(0.1)))
    with pytest.raises(OptimizationError, match=f"after 2 evaluations.*total {wrong:.3g} with W") as caught:
        watch.add(step(1, wrong, plain(0.9)))
    assert torch.equal(caught.value.result.image, plain(0.1)) and "finite" in caught.value.result.stopped
    with pytest.raises(OptimizationError, match="after 1 ") as caught:
        recorder().add(step(0, wrong, plain(0.9)))
    assert caught.value.result is None


def test_ctrl_c_ends_the_block_quietly_where_there_is_a_picture(caplog):
    watch = recorder()
    with caplog.at_level(logging.WARNING), watch:
        watch.add(step(0, 1.0, plain(0.1)))
        raise KeyboardInterrupt
    assert watch.stopped == "interrupted" and "after 1 evaluations" in caplog.text
    with pytest.raises(KeyboardInterrupt), recorder():
        raise KeyboardInterrupt


def test_other_mistakes_pass_through():
    for error in (ValueError("x"), RuntimeError("x")):
        watch = recorder()
        with pytest.raises(type(error)), watch:
            watch.add(step(0, 1.0, plain(0.1)))
            raise error
        assert watch.stopped is None


def test_a_lack_of_memory_keeps_the_picture_and_names_a_size():
    watch = recorder((300, 400))
    with pytest.raises(OptimizationError, match="400x300 px.*size=272") as caught, watch:
        watch.add(step(0, 1.0, plain(0.1, 40)))
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
    assert caught.value.result.image.shape == (1, 3, 300, 400)
    with pytest.raises(OptimizationError) as caught, recorder():
        raise torch.OutOfMemoryError("CUDA")
    assert caught.value.result is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("[enforce fail] posix_memalign: failed to allocate"), True),
        (RuntimeError("shapes"), False),
        (ValueError("alloc"), False),
        (None, False),
    ],
)
def test_which_errors_are_a_lack_of_memory(error, expected):
    assert is_lack_of_memory(error) is expected


@pytest.mark.parametrize(("shape", "size"), [((100, 1000), 688), ((1000, 100), 688), ((64, 64), 32)])
def test_the_advised_size_has_half_the_pixels_in_steps_of_16(shape, size):
    """0.7 of the longer side, down to a multiple of 16."""
    assert f"{shape[1]}x{shape[0]} px" in memory_advice(shape) and f"size={size} " in memory_advice(shape)


def test_the_bar_counts_evaluations_and_can_be_silent(capsys):
    watch = Recorder("mini", "W", (4, 6), 3, True, None)
    with watch:
        watch.add(step(0, 1.0, plain(0.5)))
    shown = capsys.readouterr().err
    assert "mini 6 px" in shown and "/3" in shown and watch.bar.n == 1
    with recorder() as silent:
        silent.add(step(0, 1.0, plain(0.5)))
    assert capsys.readouterr().err == ""


def test_a_gpu_is_asked_for_its_losses_every_tenth_time_only():
    """Each look makes it wait. A stand-in for a picture on a GPU, which counts the looks."""
    watch, looks = recorder(), []
    watch._look = lambda losses, picture: looks.append(float(losses["total"]))
    for index in range(21):
        there = SimpleNamespace(shape=(1, 3, 4, 4), device=SimpleNamespace(type="cuda"))
        watch.add(step(index, float(index), there))
    assert looks == [0, 10, 20]
