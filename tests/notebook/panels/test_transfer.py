"""The play panels, pressed without a browser: test_browser_panels.py presses them in one."""

import time

import pytest
import torch

from nstlib.images.gallery import photo, style
from nstlib.notebook.panels import transfer as widgets
from nstlib.optimization.search import Weights

SIZE, STEPS = 48, 12


def wait_for(condition, seconds=60):
    """Wait until the condition holds; fails when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def painter():
    painter = widgets.BackgroundTransfer(photo("temple", SIZE), style("waves", SIZE), Weights(), steps=STEPS, backbone="mini")
    yield painter
    painter.stop()


@pytest.fixture
def panel():
    panel = widgets.transfer_panel(SIZE, steps=STEPS, photos=["temple", "cat"], styles=["waves", "ink"], backbone="mini")
    yield panel
    if panel.painter is not None:
        panel.painter.stop()


def test_a_painter_paints_to_its_goal_and_goes_on(painter):
    painter.go_on()
    painter.wait()
    assert len(painter.losses) == STEPS and not painter.running
    first, last = painter.losses[0], painter.losses[-1]
    assert last[1] < first[1]
    painter.go_on()
    painter.wait()
    assert len(painter.losses) == 2 * STEPS
    assert painter.losses[-1][1] < last[1]
    assert len(painter.changes) == 1  # going on keeps the optimiser and what it remembers


def test_a_painter_stops_and_keeps_its_picture(painter):
    painter.steps = 10**6
    painter.go_on()
    wait_for(lambda: len(painter.losses) >= 3)
    painter.stop()
    done = len(painter.losses)
    assert not painter.running and 3 <= done < 10**6
    time.sleep(0.1)
    assert len(painter.losses) == done
    assert not torch.equal(painter.picture, painter.canvas.start)


def test_a_weight_changed_while_it_paints_changes_the_objective_and_renews_the_optimiser(painter):
    painter.steps = 10**6
    painter.go_on()
    wait_for(lambda: len(painter.losses) >= 2)
    before = painter.optimiser
    painter.weights = Weights(style=0.5)
    wait_for(lambda: len(painter.changes) == 2)
    painter.stop()
    assert painter.objective.weights.style == 0.5
    assert painter.optimiser is not before


def test_the_losses_are_reported_before_their_weights(painter):
    painter.weights = Weights(content=7.0, style=1000.0)
    painter.steps = 1
    painter.go_on()
    painter.wait()
    painter.objective.weights = Weights(content=1.0, style=1.0)
    expected = painter.objective(painter.canvas.start)
    torch.testing.assert_close(torch.tensor(painter.losses[0][1]), expected["style"], rtol=1e-4, atol=1e-6)


def test_an_error_in_the_thread_is_told_and_not_lost(panel):
    panel.paint.click()
    panel.painter.wait()
    panel.painter.objective = None
    panel.go_on.click()
    panel.painter.wait()
    assert "Error" in panel.status.value


def test_the_panel_paints_and_its_buttons_follow(panel):
    assert panel.stop.disabled and panel.go_on.disabled
    before = panel.picture.value
    panel.paint.click()
    panel.painter.wait()
    assert f"stopped: evaluation {STEPS} of {STEPS}" in panel.status.value
    assert panel.picture.value != before and panel.picture.value[:2] == b"\xff\xd8"
    assert panel.curve.value[:4] == b"\x89PNG"
    assert panel.stop.disabled and not panel.go_on.disabled
    panel.go_on.click()
    panel.painter.wait()
    assert f"evaluation {2 * STEPS} of {2 * STEPS}" in panel.status.value


def test_the_stop_button_stops_and_the_slider_reaches_the_running_painter(panel):
    panel.steps = 10**6
    panel.paint.click()
    wait_for(lambda: len(panel.painter.losses) >= 2)
    assert not panel.stop.disabled
    panel.weight.value = 1000
    wait_for(lambda: panel.painter.objective.weights.style == pytest.approx(1000))
    panel.stop.click()
    assert panel.status.value.startswith("stopped") and not panel.go_on.disabled


def test_paint_again_starts_anew_with_the_pictures_chosen(panel):
    panel.paint.click()
    panel.photo.value = "cat"
    panel.paint.click()
    panel.painter.wait()
    assert len(panel.painter.losses) == STEPS
    assert torch.equal(panel.painter.canvas.start.cpu(), panel.chosen[0])
