"""Laws of the metrics: what leaves them alone, what they must see, what a formula or another library says."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from nstlib import NstError
from nstlib.control.color import luminance
from nstlib.errors import DownloadError, WeightsError
from nstlib.judging import metrics
from nstlib.judging.metrics import (
    BASELINES,
    METRICS,
    art_fid,
    bootstrap_mean,
    color_distance,
    color_histogram,
    edge_correlation,
    fid,
    lpips,
    measure,
    pasted,
    sliced_wasserstein,
    ssim,
)


def noise_on(picture, strength=0.2, seed=0):
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed))
    return (picture + strength * noise).clamp(0, 1)


def flat(value, height=40, width=50):
    return torch.full((1, 3, height, width), float(value))


# ---------------------------------------------------------------- content


def windows(image):
    """Every 11 x 11 window inside a grey picture (1, 1, H, W): (L, 121)."""
    return torch.nn.functional.unfold(image.double(), 11)[0].T


@pytest.mark.parametrize("change", [noise_on, lambda p: p * 0.8, lambda p: p.roll(2, 3)])
def test_ssim_is_the_paper_s_formula(temple, change):
    axis = torch.exp(-((torch.arange(11.0) - 5) ** 2) / (2 * 1.5**2))
    weight = (axis[:, None] * axis).flatten().double()
    weight /= weight.sum()
    x, y = (windows(luminance(p)) for p in (temple, change(temple)))
    mx, my = x @ weight, y @ weight
    vx, vy, c = x.square() @ weight - mx**2, y.square() @ weight - my**2, (x * y) @ weight - mx * my
    expected = (2 * mx * my + 1e-4) * (2 * c + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    assert ssim(temple, change(temple)) == pytest.approx(float(expected.mean()), abs=1e-4)


@pytest.mark.sampled
def test_edges_forgive_contrast_and_not_place(temple, seed_offset):
    assert edge_correlation(temple, 1 - 0.5 * temple) == pytest.approx(1, abs=1e-4)
    assert edge_correlation(temple, temple.flip(3)) < 0.5
    assert edge_correlation(temple, flat(0.5, *temple.shape[-2:])) == 0
    assert edge_correlation(noise_on(temple, seed=seed_offset), temple) > 0.5  # grain is no edge


@pytest.mark.parametrize("metric", [ssim, edge_correlation, lpips])
def test_content_is_compared_at_one_size(metric, temple, swirls):
    with pytest.raises(NstError, match="two pictures of one size"):
        metric(temple, swirls)


# ---------------------------------------------------------------- style


def test_sliced_wasserstein_of_flat_pictures_is_their_difference():
    assert sliced_wasserstein(flat(0.3), flat(0.4, 64, 33)) == pytest.approx(0.1, rel=0.1)
    assert sliced_wasserstein(flat(0.3), flat(0.3)) == 0


def test_sliced_wasserstein_of_a_picture_in_another_order(temple, swirls):
    assert sliced_wasserstein(swirls, swirls) == 0
    assert sliced_wasserstein(swirls, swirls.roll(50, 3)) < 0.3 * sliced_wasserstein(swirls, temple)


def test_colours_are_counted_wherever_they_are(temple, swirls):
    red, blue = flat(0), flat(0)
    red[:, 0], blue[:, 2] = 1, 1
    assert color_distance(red, blue) == 1
    half = torch.cat([red, blue], 3)
    assert color_distance(half, red) == pytest.approx(0.5)
    assert color_distance(swirls, swirls.flip(3)) == 0
    assert color_distance(swirls, torch.cat([swirls, swirls], 2)) == pytest.approx(0, abs=1e-6)
    assert 0.2 < color_distance(swirls, temple) <= 1


@pytest.mark.parametrize("name", METRICS)
def test_one_picture_is_judged_not_the_first_of_several(name, temple):
    several = temple.expand(2, -1, -1, -1)
    with pytest.raises(NstError, match="holds 2 pictures|two pictures of one size"):
        METRICS[name].measure(several, several)


def test_one_picture_has_a_histogram():
    with pytest.raises(NstError, match="holds 2 pictures"):
        color_histogram(torch.rand(2, 3, 8, 8))


def test_a_picture_that_is_being_learned_can_be_measured(temple, swirls):
    assert measure(temple.clone().requires_grad_(), temple, swirls) == measure(temple, temple, swirls)


# ---------------------------------------------------------------- baselines and intervals


def test_each_baseline_is_best_at_what_it_does(temple, swirls):
    scores = {name: measure(make(temple, swirls), temple, swirls) for name, make in BASELINES.items()}
    assert all(list(row) == list(METRICS) for row in scores.values())
    assert scores["photograph"]["SSIM"] == pytest.approx(1) and scores["photograph"]["edges"] == pytest.approx(1)
    for name, metric in METRICS.items():
        best = max if metric.better == "higher" else min
        winner = "photograph" if metric.against == "content" else "style pasted"
        assert best(scores, key=lambda k, n=name: scores[k][n]) == winner, name
    assert scores["colours only"]["colours"] < scores["photograph"]["colours"]


def test_pasted_cuts_what_is_too_long_and_nothing_else():
    """A ramp twice as wide or as high as needed: half of it is left, from a quarter to three quarters."""
    ramp = torch.linspace(0, 1, 80).expand(1, 3, 40, 80)
    for style, content in ((ramp, torch.zeros(1, 3, 100, 100)), (ramp.mT, torch.zeros(1, 3, 100, 100))):
        found = pasted(content, style)
        assert found.shape == content.shape
        assert float(found.min()) == pytest.approx(0.25, abs=0.01) and float(found.max()) == pytest.approx(0.75, abs=0.01)


def test_pasted_is_the_middle_of_the_style(swirls):
    wide = torch.zeros(1, 3, 64, 128)
    assert torch.equal(pasted(wide, swirls), swirls[:, :, 32:96])
    assert pasted(torch.zeros(1, 3, 300, 200), swirls).shape == (1, 3, 300, 200)


@pytest.mark.sampled
def test_the_bootstrap_of_one_row_is_the_textbook_interval(seed_offset):
    values = np.random.default_rng(1 + seed_offset).normal(size=400)
    mean, low, high = bootstrap_mean(values)
    assert mean == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert bootstrap_mean(values) == (mean, low, high)  # the same seed


@pytest.mark.sampled
def test_the_bootstrap_knows_that_pairs_share_a_photograph(seed_offset):
    generator = np.random.default_rng(seed_offset)
    photographs = np.repeat(generator.normal(size=(10, 1)), 10, axis=1)  # the styles add nothing
    _, low, high = bootstrap_mean(photographs)
    assert high - low == pytest.approx(2 * 1.96 * photographs[:, 0].std() / math.sqrt(10), rel=0.2)  # of ten, not a hundred


@pytest.mark.parametrize("table", [[], [1.0, float("nan")], np.zeros((2, 2, 2)), [[1, 2], [3]], ["a"], None])
def test_the_bootstrap_refuses_what_is_no_table(table):
    with pytest.raises(NstError, match="expected finite scores"):
        bootstrap_mean(table)


@pytest.mark.parametrize("options", [{"level": 1}, {"level": -0.5}, {"level": "x"}, {"level": 95}, {"seed": -1}])
def test_the_bootstrap_refuses_other_levels_and_seeds(options):
    with pytest.raises(NstError, match=f"{next(iter(options))}="):
        bootstrap_mean([1.0, 2.0], **options)


# ---------------------------------------------------------------- trained metrics


class Colours(nn.Module):
    """A network small enough to check FID by hand: the mean colour."""

    num_features = 3

    def forward(self, x):
        return x.mean((2, 3))


def test_fid_is_the_frechet_distance_of_the_features():
    generator = torch.Generator().manual_seed(0)
    first = [torch.rand(1, 3, 8, 8, generator=generator) * i / 10 for i in range(1, 9)]
    second = [torch.rand(1, 3, 9, 7, generator=generator) * 0.5 for _ in range(8)]
    a, b = (torch.cat([p.mean((2, 3)) for p in side]).double().numpy() for side in (first, second))
    ca, cb = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * sqrtm(ca @ cb).real)
    assert fid(first, second, Colours()) == pytest.approx(expected, abs=1e-5)
    assert fid(first, first, Colours()) == pytest.approx(0, abs=1e-6)


def test_fid_needs_pictures_and_inception(monkeypatch, temple):
    with pytest.raises(NstError, match="at least two"):
        fid([temple], [temple, temple])

    def without(*args, **options):
        raise ModuleNotFoundError("`Torch-fidelity` is not installed")

    monkeypatch.setattr("torchmetrics.image.fid.FrechetInceptionDistance.__init__", without)
    with pytest.raises(NstError, match="pip install torch-fidelity"):
        fid([temple] * 2, [temple] * 2)


def test_lpips_without_its_weights_says_where_they_belong(monkeypatch, tmp_path, temple):
    def offline(*args, **options):
        raise DownloadError("no network")

    monkeypatch.setattr("nstlib.files.imagenet.download", offline)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(NstError, match=r"alexnet-owt-7be5be79\.pth.*checkpoints"):
        lpips(temple, temple)
    with pytest.raises(NstError, match="choose one of alex, vgg, squeeze"):
        lpips(temple, temple, network="resnet")


def test_lpips_takes_no_other_file_for_its_weights(monkeypatch, tmp_path, temple):
    """What the network sends is compared with the digits in the file's name, as torchvision does."""

    def sends_something(url, *, check, **options):
        (tmp_path / "sent").write_bytes(b"something else")
        check(tmp_path / "sent")

    monkeypatch.setattr("nstlib.files.imagenet.download", sends_something)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(WeightsError, match="another checksum"):
        lpips(temple, temple)


def test_lpips_is_zero_for_equal_pictures_and_grows(monkeypatch, temple):
    from torchmetrics.functional.image import lpips as theirs

    monkeypatch.setattr(metrics, "_fetch_weights", lambda name: None)
    load = theirs._get_tv_model_features
    monkeypatch.setattr(theirs, "_get_tv_model_features", lambda net, pretrained=False: load(net, pretrained=False))
    torch.manual_seed(0)  # random weights in AlexNet's place: the plumbing is the same
    distances = []
    for strength in (0.0, 0.05, 0.3):
        torch.manual_seed(0)
        distances.append(lpips(noise_on(temple, strength), temple))
    assert distances[0] == pytest.approx(0, abs=1e-6) and distances[0] < distances[1] < distances[2]


def test_art_fid_is_one_for_perfection():
    assert art_fid(0, 0) == 1
    assert art_fid(0.5, 3) == 6


def test_the_metrics_are_on_the_table_with_a_direction():
    assert {m.against for m in METRICS.values()} == {"content", "style"}
    assert {m.better for m in METRICS.values()} == {"higher", "lower"}
    assert metrics.LPIPS_FILES.keys() == {"alex", "vgg", "squeeze"}
