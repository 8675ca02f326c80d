"""ResNet-50: it computes what torchvision's does, and its peaks can be measured and flattened."""

import functools
import hashlib
import http.server
import math
import shutil
import threading
from itertools import pairwise

import pytest
import torch
import torchvision

from nstlib import FeatureExtractor, gram_matrix, photo, style, style_loss
from nstlib.errors import DownloadError, WeightsError
from nstlib.features import resnet
from nstlib.features.extractor import choose_backbone
from nstlib.features.resnet import RESNET_CONTENT_LAYERS, RESNET_STYLE_LAYERS, Flattened, ResNet50, entropy, flatten_peaks
from nstlib.files import imagenet
from nstlib.losses.objective import StyleObjective


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """torchvision's ResNet-50 with random weights, none of them at their defaults, and its file."""
    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for x in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
                torch.nn.init.uniform_(x, 0.1, 0.5)
    path = tmp_path_factory.mktemp("weights") / "resnet50.pth"
    torch.save(model.state_dict(), path)
    return model, path


@pytest.fixture
def served(saved, tmp_path):
    """The address of its folder on a web server of our own."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=saved[1].parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def random_one():
    return FeatureExtractor("resnet50", RESNET_STYLE_LAYERS, weights="random")


def test_it_computes_what_torchvisions_does(saved):
    model, path = saved
    extractor = FeatureExtractor("resnet50", ("relu1", "layer1_2", "layer4_3"), weights=path)
    picture = torch.rand(1, 3, 70, 96)
    with torch.no_grad():
        stem = model.relu(model.bn1(model.conv1((picture - extractor.mean) / extractor.std)))
        half = model.layer1[1](model.layer1[0](model.maxpool(stem)))
        deep = model.layer4(model.layer3(model.layer2(model.layer1[2](half))))
        found = extractor(picture)
    for name, expected in (("relu1", stem), ("layer1_2", half), ("layer4_3", deep)):
        torch.testing.assert_close(found[name].contiguous(), expected.contiguous(), rtol=1e-3, atol=1e-4)


def test_names_and_sizes_of_the_maps(random_one):
    assert ResNet50().layers() == ["relu1"] + [f"layer{s}_{b}" for s, n in enumerate((3, 4, 6, 3), 1) for b in range(1, n + 1)]
    shapes = [tuple(x.shape) for x in random_one(torch.rand(2, 3, 64, 96)).values()]
    assert shapes == [(2, 64, 32, 48), (2, 256, 16, 24), (2, 512, 8, 12), (2, 1024, 4, 6), (2, 2048, 2, 3)]


def test_nothing_beyond_the_deepest_layer_is_kept():
    extractor = FeatureExtractor("resnet50", ("layer2_3", "relu1"), weights="random")
    assert extractor.network.layers()[-1] == "layer2_3"
    assert list(extractor(torch.rand(1, 3, 32, 32))) == ["layer2_3", "relu1"]
    assert FeatureExtractor("resnet50", "relu1", weights="random").network.layers() == ["relu1"]


def test_a_map_is_not_overwritten_by_the_block_behind_it(random_one):
    """Trap: the blocks' ReLUs work in place."""
    picture = torch.rand(1, 3, 64, 64)
    alone = FeatureExtractor("resnet50", ("layer1_3",), weights="random")(picture)["layer1_3"]
    torch.testing.assert_close(random_one(picture)["layer1_3"], alone)


def test_random_weights_are_always_the_same_and_leave_the_callers_randomness_alone():
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    one, other = (FeatureExtractor("resnet50", ("layer1_1",), weights="random") for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_random_vgg_has_weights_too():
    seen = FeatureExtractor("vgg19", ("relu1_1", "relu5_1"), weights="random")(torch.rand(1, 3, 64, 64))
    sizes = [x.square().mean().item() for x in seen.values()]
    assert 0.05 < sizes[1] / sizes[0] < 20  # He's weights keep the size of what flows through


def test_a_gradient_reaches_the_picture_and_pooling_matters(random_one):
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    random_one(picture)["layer4_3"].sum().backward()
    assert picture.grad.isfinite().all() and picture.grad.abs().sum() > 0
    mean = FeatureExtractor("resnet50", ("relu1", "layer1_3"), weights="random", pooling="average")(picture)
    most = random_one(picture)
    torch.testing.assert_close(mean["relu1"], most["relu1"])
    assert (mean["layer1_3"] - most["layer1_3"]).abs().max() > 0.01


def test_the_weights_are_downloaded_once_and_checked(saved, served, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.setattr(imagenet, "SERVER", served)
    right = f"resnet50-{hashlib.sha256(saved[1].read_bytes()).hexdigest()[:8]}.pth"
    for name in (resnet.FILE, right):
        shutil.copyfile(saved[1], saved[1].with_name(name))
    with pytest.raises(DownloadError, match="0676ba61"):
        FeatureExtractor("resnet50", ("relu1",))
    assert not list((tmp_path / "hub").rglob("*.pth"))
    monkeypatch.setattr(resnet, "FILE", right)
    FeatureExtractor("resnet50", ("relu1",))
    monkeypatch.setattr(imagenet, "download", None)  # the cache is enough
    FeatureExtractor("resnet50", ("relu1",))
    assert choose_backbone() == "mini"  # "auto" never takes it


def test_foreign_weights_are_refused(tmp_path):
    path = tmp_path / "foreign.pth"
    torch.save({"conv1.weight": torch.ones(3)}, path)
    with pytest.raises(WeightsError, match="does not fit"):
        FeatureExtractor("resnet50", weights=path, layers=("relu1",))


# ---------------------------------------------------------------- peaks


def test_entropy_in_closed_form():
    assert entropy(torch.full((1, 3, 4, 5), 7.0)) == pytest.approx(1)
    peak = torch.zeros(1, 3, 4, 5)
    peak[0, 1, 2, 3] = 9
    assert entropy(peak) == 0
    half = torch.zeros(1, 1, 4, 4)
    half[..., :2] = 3
    assert entropy(half) == pytest.approx(math.log(8) / math.log(16))
    assert entropy(100 * half) == pytest.approx(entropy(half))
    assert entropy(torch.zeros(1, 1, 2, 2)) == 0


@pytest.mark.parametrize("temperature", [4.0, None])
def test_flattened_maps_have_the_mean_one_and_keep_their_order(temperature):
    features = 10 * torch.randn(2, 3, 6, 7)
    flat = flatten_peaks(features, temperature)
    assert flat.min() >= 0 and flat.shape == features.shape
    torch.testing.assert_close(flat.flatten(1).mean(1), torch.ones(2))
    assert torch.equal(flat[0].flatten().argsort(stable=True)[-20:], features[0].flatten().argsort(stable=True)[-20:])
    torch.testing.assert_close(flatten_peaks(features[1:], temperature), flat[1:])
    empty = torch.zeros(1, 2, 3, 3, requires_grad=True)
    flatten_peaks(empty, temperature).sum().backward()
    assert empty.grad.isfinite().all()


def test_with_a_temperature_the_size_of_the_values_does_not_matter_and_without_it_their_mean():
    features = torch.rand(1, 3, 6, 7)
    torch.testing.assert_close(flatten_peaks(100 * features), flatten_peaks(features), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(flatten_peaks(features + 5, None), flatten_peaks(features, None), rtol=1e-4, atol=1e-4)


def shares(extractor, picture, target):
    """What each layer contributes to Gatys's style loss."""
    seen, wanted = extractor(picture), extractor(target)
    losses = {k: style_loss(gram_matrix(seen[k]), gram_matrix(wanted[k]), "gatys").item() for k in RESNET_STYLE_LAYERS}
    return {layer: loss / sum(losses.values()) for layer, loss in losses.items()}


def test_a_resnets_values_grow_its_deepest_layer_rules_and_flattening_ends_that(random_one):
    """What Wang and his colleagues saw, with random weights."""
    content, other = photo("temple", 96), style("waves", 96)
    maxima = [x.max().item() for x in random_one(content).values()]
    assert all(later > earlier for earlier, later in pairwise(maxima)) and maxima[-1] > 20 * maxima[0]
    assert shares(random_one, content, other)["layer4_3"] > 0.9
    flattened = Flattened(random_one)
    assert shares(flattened, content, other)["layer4_3"] < 0.5
    for layer, features in flattened(content).items():
        assert entropy(features) > max(0.99, entropy(random_one(content)[layer]))
    literally = Flattened(random_one, lambda features: flatten_peaks(features, None))(content)
    assert entropy(literally["layer4_3"]) < 0.5  # the paper's form, on values as large as these: one peak


def test_an_extractor_can_be_flattened_and_used_in_an_objective(random_one):
    flattened = Flattened(random_one, lambda features: features / (1 + features))
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    found = flattened(picture)
    assert tuple(found) == flattened.layers == RESNET_STYLE_LAYERS
    assert entropy(found["layer3_6"]) > entropy(random_one(picture)["layer3_6"])
    objective = StyleObjective(
        flattened,
        torch.rand(1, 3, 64, 64),
        torch.rand(1, 3, 64, 64),
        content_layers=RESNET_CONTENT_LAYERS,
        style_layers=RESNET_STYLE_LAYERS,
    )
    objective(picture)["total"].backward()
    assert picture.grad.isfinite().all() and picture.grad.abs().sum() > 0
