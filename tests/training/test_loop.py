"""The training loop: it learns, goes on to the bit after being killed, shares work, and stops where a loss is not finite."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from checkout import ROOT
from line import SETTINGS, SHORT, Line, distance, values

from nstlib.errors import NstError
from nstlib.training.checkpoints import latest_path, load_latest, set_aside
from nstlib.training.loop import Run, TrainingError, TrainingSettings, share_of_batch, train, training_steps

SCRIPT = ROOT / "tests" / "small_training.py"


def test_it_learns_what_may_learn():
    trained = train(Line(), distance, values, SETTINGS, progress=False)
    assert trained.network.a.item() == pytest.approx(3, abs=0.02) and trained.network.frozen.item() == 1
    assert len(trained.history["total"]) == 150 and trained.seconds > 0 and not trained.network.training
    assert trained.history["total"][0] == pytest.approx((9 * values(0, 8).square()).mean().item())


def test_the_loop_is_visible():
    steps = list(training_steps(Line(), distance, values, TrainingSettings(3, batch=8, precision="no")))
    assert [step.index for step in steps] == [0, 1, 2] and steps[2].losses["total"] < steps[0].losses["total"]


def test_a_callback_stops():
    assert len(train(Line(), distance, values, SETTINGS, progress=False, callback=lambda s: s.index == 4).history["total"]) == 5


def test_the_mean_of_the_weights_is_kept():
    seen = []
    settings = TrainingSettings(3, batch=8, learning_rate=0.1, ema=0.5, precision="no")
    network = train(
        Line(), distance, values, settings, progress=False, callback=lambda s: seen.append(s.network.a.item())
    ).network
    first, second, third = seen  # the mean begins as the first weights that it sees
    assert network.a.item() == pytest.approx(0.25 * first + 0.25 * second + 0.5 * third)


def test_the_first_step_is_as_long_as_the_rate_says():
    """AdamW's first step is its rate, whatever the gradient: 0.1, times the share of the warm-up that is behind it."""
    for rising, rate_ in ((1, 0.1), (2, 0.05), (2, 0.005)):
        seen = []
        train(
            Line(),
            distance,
            values,
            TrainingSettings(20, 8, rate_, warmup=rising / 20, precision="no"),
            progress=False,
            callback=lambda step, seen=seen: seen.append(step.network.a.item()) or True,
        )
        assert seen == pytest.approx([rate_ / rising], rel=1e-4)


def test_a_long_gradient_is_shortened_and_a_short_one_is_left():
    """The mean of x^2 for 8 values is about 1.1: at a = 0 the slope is -6 times that."""
    slope = -6 * values(0, 8).square().mean().item()
    for clip in (0.5, 2.0, 100.0):
        seen = []
        train(
            Line(),
            distance,
            values,
            TrainingSettings(1, 8, 1e-3, clip=clip, precision="no"),
            progress=False,
            callback=lambda step, seen=seen: seen.append(step.network.a.grad.item()),
        )
        assert seen == pytest.approx([max(slope, -clip)], rel=1e-4)


def test_pictures_are_asked_for_step_by_step_and_counted_from_the_start():
    asked, counted = [], []

    def batches(step, count, first=0):
        asked.append((step, count, first))
        return values(step, count, first)

    def loss(network, x, numbers):
        counted.append(numbers.tolist())
        return distance(network, x, numbers)

    train(Line(), loss, batches, TrainingSettings(3, 2, precision="no"), progress=False)
    assert asked == [(0, 2, 0), (1, 2, 0), (2, 2, 0)] and counted == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("precision", "fast", "kind"),
    [
        ("no", True, torch.float32),
        ("bf16", False, torch.bfloat16),
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
    ],
)
def test_precision_is_that_of_the_products(precision, fast, kind, monkeypatch):
    monkeypatch.setattr("nstlib.training.loop.has_bf16", lambda: fast)
    seen = []

    def loss(network, x, numbers):
        seen.append((x[:, None] @ x[None]).dtype)
        return distance(network, x, numbers)

    train(Line(), loss, values, TrainingSettings(1, 8, precision=precision), progress=False)
    assert seen == [kind]


@pytest.mark.parametrize(("every", "steps", "kept"), [(2, 5, [4, 5]), (3, 6, [3, 6]), (100, 3, [3]), (1, 3, [2, 3])])
def test_checkpoints_come_with_every_so_many_steps_and_at_the_end(every, steps, kept, tmp_path):
    train(Line(), distance, values, TrainingSettings(steps, 8, precision="no", checkpoint_every=every), tmp_path, progress=False)
    assert sorted(int(path.stem.partition("-")[2]) for path in tmp_path.glob("*.safetensors")) == kept
    assert load_latest(tmp_path).tensors["history.total"].dtype == torch.float64


def test_ctrl_c_keeps_what_was_learned(caplog):
    def press(step):
        if step.index == 2:
            raise KeyboardInterrupt

    trained = train(Line(), distance, values, SETTINGS, progress=False, callback=press)
    assert len(trained.history["total"]) == 3 and not trained.network.training and "interrupted after 3 of 150" in caplog.text


def test_the_bar_can_be_silent(capsys):
    for progress in (True, False):
        train(Line(), distance, values, TrainingSettings(1, 8, precision="no"), progress=progress)
        assert ("1/1" in capsys.readouterr().err) == progress


def test_batches_are_shared_equally():
    assert [share_of_batch(6, 3, number) for number in range(3)] == [(2, 0), (2, 2), (2, 4)]
    with pytest.raises(NstError, match="multiple of 4"):
        share_of_batch(6, 4, 0)


def test_nothing_to_learn():
    with pytest.raises(NstError, match="requires_grad"):
        train(Line().requires_grad_(False), distance, values, SETTINGS, progress=False)


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_loss_that_is_not_finite_keeps_the_last_good_weights(tmp_path, what):
    def loss(network, x, numbers):
        total = distance(network, x, numbers)["total"]
        if numbers[0] < 7 * 8:
            return {"total": total}
        return {"total": total * float("nan") if what == "loss" else total + network.a.sub(network.a.detach()).sqrt().sum()}

    network, seen = Line(), []
    with pytest.raises(TrainingError, match="step 7.*smaller learning rate"):
        train(network, loss, values, SETTINGS, tmp_path, progress=False, callback=lambda s: seen.append(s.network.a.item()))
    assert network.a.item() == seen[-1] and len(seen) == 7
    assert load_latest(tmp_path).step == 7 and load_latest(tmp_path).tensors["network.a"].item() == seen[-1]


def test_a_second_training_in_the_folder_is_refused(tmp_path):
    steps = training_steps(Line(), distance, values, SHORT, tmp_path)
    next(steps)
    with pytest.raises(NstError, match="another training works in"):
        train(Line(), distance, values, SHORT, tmp_path, progress=False)
    with pytest.raises(NstError, match="another training works in"):
        set_aside(tmp_path) if load_latest(tmp_path) else train(Line(), distance, values, SHORT, tmp_path, progress=False)
    steps.close()
    assert load_latest(tmp_path).step == 1  # whoever stops loses nothing
    train(Line(), distance, values, SHORT, tmp_path, progress=False)


def test_a_first_step_that_is_not_finite_blames_no_learning_rate(tmp_path):
    with pytest.raises(TrainingError, match="step 0.*nothing was learned yet") as caught:
        train(Line(), lambda network, x, n: {"total": float("nan") * network(x).sum()}, values, SHORT, tmp_path, progress=False)
    assert "learning rate" not in str(caught.value)


def environment():
    return os.environ | {"NSTLIB_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}


def finished(folder, arguments, **options):
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [*arguments, str(folder), "4", "24"], capture_output=True, text=True, env=environment(), check=False, **options
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return load_latest(folder).tensors, json.loads((folder / "history.json").read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What one process learns that nobody disturbs: its tensors and history."""
    return finished(tmp_path_factory.mktemp("whole"), [sys.executable, SCRIPT])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_ten_random_moments_it_ends_with_the_same_weights(tmp_path, whole):
    folder, moments, killed = tmp_path / "killed", random.Random(0), 0
    folder.mkdir()
    command = [sys.executable, SCRIPT, "--forked", folder, "4", "24", "10"]
    with subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        for number in range(10):
            process = int(_answer(starter))
            wanted = 2 * number  # let it come a little further each time: then kill it, wherever it is
            deadline = time.monotonic() + 60
            while _step(folder) < wanted and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(0.3 * moments.random())
            os.kill(process, signal.SIGKILL)
            killed += int(_answer(starter)) == -signal.SIGKILL
    assert killed == 10, "it was finished before it could be killed"  # six steps with their pauses are left at least: 0.6 s
    tensors, again = finished(folder, [sys.executable, SCRIPT])
    assert (again, tensors.keys()) == (whole[1], whole[0].keys())
    assert all(torch.equal(tensors[name], whole[0][name]) for name in tensors)


def _answer(starter):
    starter.stdin.write("\n")
    starter.stdin.flush()
    return starter.stdout.readline()


def _step(folder):
    path = latest_path(folder)
    return int(path.stem.partition("-")[2]) if path else 0


@pytest.mark.slow
def test_two_processes_learn_as_one_with_the_double_batch(tmp_path, whole):
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--cpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
        "--num_cpu_threads_per_process",
        "1",
        "--main_process_port",
        "0",
    ]
    one, history = whole
    two, shared = finished(tmp_path / "two", [*launch, SCRIPT], timeout=300)
    for name in history:
        torch.testing.assert_close(torch.tensor(shared[name]), torch.tensor(history[name]), rtol=1e-3, atol=1e-6)
    assert two.keys() == one.keys()


def test_the_first_optimiser_is_not_interrupted(monkeypatch):
    """It imports much of torch: half of that would be there for good, and no training could begin any more."""
    made = []

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        made.append(AdamW(*arguments, **options))
        return made[-1]

    AdamW = torch.optim.AdamW
    monkeypatch.setattr("torch.optim.AdamW", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(torch.nn.Linear(2, 2), None, lambda *_: None, TrainingSettings(steps=1))
    assert len(made) == 1


def test_where_float16_is_scaled_only_a_loss_that_is_not_finite_ends_the_training():
    """A gradient that overflows is ordinary there; without a scaler it is not."""
    scaled, plain = (
        SimpleNamespace(accelerator=SimpleNamespace(scaler=scaler), folder=None, settings=TrainingSettings(steps=9), step=3)
        for scaler in (object(), None)
    )
    overflow, nonsense = {"total": 1.0, "gradient": float("inf")}, {"total": float("nan"), "gradient": 1.0}
    Run._check(scaled, overflow)
    for run, found in ((scaled, nonsense), (plain, overflow), (plain, nonsense)):
        with pytest.raises(TrainingError, match="step 3: total"):
            Run._check(run, found)
    Run._check(plain, {"total": 1.0, "gradient": 1.0})
