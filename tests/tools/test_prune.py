"""The script that prunes the backbone: what it chooses and fits is right, and it goes on where it was killed."""

import argparse

import prune_backbone as tool
import pruning
import pytest
import torch
from PIL import Image

from nstlib.features.extractor import VGG, load_mini
from nstlib.files.weights import unpacked

NARROW = (6, 6, 8, 8, 8)


def narrow_teacher():
    """A VGG of few channels with random weights."""
    torch.manual_seed(0)
    network = VGG(NARROW, pruning.BLOCKS)
    for conv in network.convs.values():
        torch.nn.init.kaiming_normal_(conv.weight)  # so that the maps of the deep layers still vary
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Two folders, of eight pictures each."""
    folder = tmp_path_factory.mktemp("prune")
    for name in ("photos", "styles"):
        (folder / name).mkdir()
        for number in range(8):
            small = torch.randint(256, (6, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(number))
            Image.fromarray(small.numpy()).resize((256, 192)).save(folder / name / f"{number:04}.png")
    return folder


def test_a_channel_that_others_tell_is_not_chosen():
    random = torch.Generator().manual_seed(0)
    loud, quiet = torch.randn(2, 1000, generator=random) * torch.tensor([[3.0], [1.0]])
    maps = torch.stack([loud, 2 * loud, quiet, 0.1 * loud])
    assert 2 in pruning.chosen_channels(maps @ maps.mT / 1000, 2)  # and any one of the three that are the same


def test_what_a_relu_cuts_off_need_not_be_told():
    """Below zero the wanted values are nonsense: the kernel is found all the same, which plain least squares misses."""
    random = torch.Generator().manual_seed(0)
    inputs, kernel = torch.randn(4000, 5, generator=random), torch.tensor([[1.0], [-2.0], [0.5], [0.0], [3.0]])
    exact = inputs @ kernel + 0.7
    wanted = torch.where(exact > 0, exact, -10 * torch.rand(4000, 1, generator=random))
    found, once = (
        pruning.fit_through_relu(inputs, wanted),
        torch.linalg.lstsq(torch.cat([inputs, torch.ones(4000, 1)], 1), wanted),
    )
    right = torch.cat([kernel, torch.tensor([[0.7]])])
    assert (found - right).norm() < 0.5 * (once.solution - right).norm()


def test_neighbourhoods_are_what_a_kernel_sees():
    random = torch.Generator().manual_seed(0)
    maps, kernel = torch.randn(3, 5, 7, generator=random), torch.randn(2, 3, 3, 3, generator=random)
    places = torch.tensor([0, 6, 17, 34])
    wanted = torch.nn.functional.conv2d(maps[None], kernel, padding=1)[0].flatten(1)[:, places]
    torch.testing.assert_close(pruning.neighbourhoods(maps, places) @ kernel.flatten(1).mT, wanted.mT, rtol=1e-4, atol=1e-5)


def test_who_keeps_every_channel_misses_next_to_nothing():
    pictures = torch.rand(12, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    _, chosen, missed = pruning.prune(narrow_teacher(), pictures, NARROW, 6000)
    assert all(channels == list(range(width)) for channels, width in zip(chosen.values(), (6,) * 4 + (8,) * 9, strict=True))
    assert max(missed[name] for name in missed if name[4] in "123") < 0.02  # deeper, 9 places a picture tell too little
    _, _, fewer = pruning.prune(narrow_teacher(), pictures, (3, 3, 4, 4, 4), 6000)
    assert fewer["conv3_1"] > 3 * missed["conv3_1"]


def test_losses_are_shares_of_a_pictures_energy():
    maps = {layer: torch.rand(2, 4, 3, 3, generator=torch.Generator().manual_seed(2)) for layer in tool.LAYERS}
    assert all(float(loss.abs().max()) == 0 for loss in tool.losses_of(maps, maps).values())
    doubled = tool.losses_of({layer: 2 * x for layer, x in maps.items()}, maps)
    for name, loss in doubled.items():
        torch.testing.assert_close(loss, torch.full((2,), 9.0 if name.startswith("gram") else 1.0))


def test_eight_bits_are_half_a_unit_off_at_most(tmp_path):
    state = {f"convs.{name}": tensor for name, tensor in narrow_teacher().convs.state_dict().items()}
    state["convs.conv1_1.weight"][0] = 0  # a dead channel
    packed = pruning.in_eight_bits(state)
    found = unpacked(packed, tmp_path / "a.safetensors")
    assert found.keys() == state.keys() and packed["convs.conv2_1.weight"].dtype == torch.int8
    for name, tensor in state.items():
        off = (found[name] - tensor).abs()
        assert (off <= packed[f"{name}.unit"] * 0.501).all() if name.endswith("weight") else not off.any()


def test_a_batch_is_a_third_canvases_and_a_name_stays_one_picture(material, monkeypatch):
    monkeypatch.setattr(tool, "SIDE", 32)
    monkeypatch.setattr(tool, "CROPS", 10)
    pictures = tool.Material(material / "photos", [material / "styles"])
    assert len(pictures.batch(0, 6)) == 4  # nothing is painted yet
    pictures.canvases = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 3, 32, 32)
    pictures.given_way = 7
    seen = {}
    for step in range(30):
        batch = pictures.batch(step, 6)
        assert sum(name.startswith("canvas") for name in batch) == 2
        assert all(0 <= int(name.split()[1]) - step < 10 for name in batch if name.startswith("crop"))
        for name, picture in batch.items():
            assert torch.equal(seen.setdefault(name, picture), picture)
    assert (255 * seen["canvas 9"]).round().unique().tolist() == [2]
    assert all(torch.equal(one, two) for one, two in zip(batch.values(), pictures.batch(29, 6).values(), strict=True))


def test_an_answer_is_asked_for_once_and_the_longest_unused_is_forgotten(monkeypatch):
    monkeypatch.setattr(tool, "CROPS", 2)
    monkeypatch.setattr(tool, "POOL", 1)
    lesson = tool.Lesson(narrow_teacher(), {name: [0, 2] for name in narrow_teacher().convs})
    lesson.units, asked, really = {"relu1_1": 3.0}, [], lesson.wanted
    monkeypatch.setattr(lesson, "wanted", lambda pictures: asked.append(len(pictures)) or really(pictures))
    pictures = dict(zip("abcd", torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)), strict=True))

    def ask(names):
        told, exact = (
            lesson.remembered({name: pictures[name] for name in names}),
            really(torch.stack([pictures[n] for n in names])),
        )
        for layer in tool.LAYERS:
            torch.testing.assert_close(told[layer], exact[layer], rtol=2e-3, atol=2e-3)

    for names in ("ab", "ba", "bc", "bd"):  # the last one pushes out a
        ask(names)
    assert asked == [2, 1, 1] and list(lesson.known) == ["c", "b", "d"]
    ask("ab")
    assert asked == [2, 1, 1, 1]


@pytest.mark.parametrize(("step", "share"), [(0, 0.02), (100, 1.0), (400, 1.0), (700, 0.5), (999, 1 / 600)])
def test_rate(step, share):
    assert tool.rate_of(step, 1000) == pytest.approx(share)


def test_a_killed_training_goes_on_to_the_same_weights(material, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "load_vgg19", narrow_teacher)
    monkeypatch.setattr(tool, "WIDTHS", (4, 4, 6, 6, 6))
    for name, value in {
        "CHECKPOINT_EVERY": 1,
        "PAINT_EVERY": 2,
        "RUNS": 1,
        "EVALUATIONS": 3,
        "LOOKS": (0, 2),
        "SIDE": 64,
    }.items():
        monkeypatch.setattr(tool, name, value)

    def options(run):
        return argparse.Namespace(
            photos=material / "photos", styles=[material / "styles"], run=run, start=None, out=run / "out.safetensors",
            pictures=12, samples=2000, steps=4, rate=1e-3, batch=4,
        )  # fmt: skip

    whole, halved = options(tmp_path / "whole"), options(tmp_path / "halved")
    for args in (whole, halved):
        tool.begin(args)
    begun = (whole.run / "begun.safetensors").read_bytes()
    assert begun == (halved.run / "begun.safetensors").read_bytes()
    tensors, chosen = tool.read(whole.run / "begun.safetensors")
    assert [len(chosen[name]) for name in ("conv1_1", "conv5_1")] == [4, 6]
    tool.train(whole)
    one_step, calls = tool.train_step, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return one_step(*arguments)

    monkeypatch.setattr(tool, "train_step", killed)
    with pytest.raises(KeyboardInterrupt):
        tool.train(halved)
    monkeypatch.setattr(tool, "train_step", one_step)
    tool.train(halved)
    for args in (whole, halved):
        tool.export(args)
    one, two = (load_mini(args.out).state_dict() for args in (whole, halved))
    for key in one:
        torch.testing.assert_close(two[key], one[key], rtol=1e-3, atol=1e-4)
    assert any(not torch.equal(one[key], tensors[key].float()) for key in one) and tool.read(whole.out)[1] == chosen


def test_export_of_nothing_says_so(tmp_path):
    with pytest.raises(SystemExit, match="run `train` first"):
        tool.export(argparse.Namespace(run=tmp_path, out=tmp_path / "out.safetensors"))
