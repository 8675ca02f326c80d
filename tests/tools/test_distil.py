"""The script that made the backbone: it goes on where it was killed, folds without loss, and measures what it says."""

import argparse

import distil_backbone as tool
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from nstlib.features.extractor import VGG, load_mini


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A narrow teacher with random weights and 54 small pictures."""
    folder = tmp_path_factory.mktemp("distil")
    torch.manual_seed(0)
    network = VGG((8,) * 5, tool.BLOCKS)
    for conv in network.convs.values():
        torch.nn.init.kaiming_normal_(conv.weight)  # so that the maps of the deep layers still vary
    state = network.state_dict()
    save_file({key.removeprefix("convs."): tensor for key, tensor in state.items()}, folder / "teacher.safetensors")
    (folder / "photos").mkdir()
    for number in range(tool.HELD_OUT + 4):
        small = torch.randint(256, (6, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(number))
        Image.fromarray(small.numpy()).resize((256, 192)).save(folder / "photos" / f"{number:04}.png")
    return folder


def options(material, run, steps=3):
    return argparse.Namespace(
        teacher=str(material / "teacher.safetensors"),
        photos=material / "photos",
        extra=[material / "photos"],
        run=run,
        out=run / "mini.safetensors",
        steps=steps,
        cooldown=0.5,
        batch=2,
        side=48,
    )


def test_a_killed_training_goes_on_to_the_same_weights(material, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "CHECKPOINT_EVERY", 1)
    whole, halved = options(material, tmp_path / "whole"), options(material, tmp_path / "halved")
    tool.train(whole)
    one_step, calls = tool.train_step, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 3:
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
    assert set(tool.measure(whole)) == set(tool.MEASURED)


def test_folding_batch_normalisation_changes_nothing(material):
    torch.manual_seed(0)
    student = tool.Student(dict.fromkeys(tool.conv_names(tool.BLOCKS), 4))
    images = torch.rand(2, 3, 48, 64)
    for _ in range(20):
        student(images)  # running statistics that are not the initial ones
    student.eval()
    folded, x = student.folded(), (images - student.mean) / student.std
    maps = dict(folded.walk(x))
    for name, prediction in student(images).items():
        torch.testing.assert_close(student.heads[name](maps["relu" + name[4:]]), prediction, rtol=1e-3, atol=1e-3)


def test_a_teacher_that_is_the_student_is_explained_up_to_its_negative_half(material, tmp_path, monkeypatch):
    """A linear map from ReLU maps cannot know how negative a value was: less than all is explained, more than nothing."""
    args = options(material, tmp_path)
    network = tool.load_narrow(material / "teacher.safetensors")
    monkeypatch.setattr(tool, "IMAGENET", tool.Normalisation((0.0,) * 3, (1.0,) * 3))
    monkeypatch.setattr(tool, "load_mini", lambda path: network)
    shares = tool.measure(args)
    assert all(0 < share < 1 for share in shares.values())
    for conv in network.convs.values():  # all positive: the ReLU lets everything through
        conv.weight.data.abs_()
    monkeypatch.setattr(tool, "load_narrow", lambda path: network)
    assert max(tool.measure(args).values()) < 0.01


@pytest.mark.parametrize(("step", "share"), [(0, 1 / 200), (500, 1.0), (800, 0.5), (999, 0.0025)])
def test_learning_rate(step, share):
    assert tool.learning_rate(step, 1000, 0.4) == pytest.approx(share)


def test_the_last_photographs_are_held_out(material):
    training, held = tool.photographs(material / "photos")
    assert [path.name for path in training.sources] == ["0000.png", "0001.png", "0002.png", "0003.png"]
    assert len(held) == tool.HELD_OUT and held.sources[0].name == "0004.png" and held[0].shape == (3, 192, 256)


@pytest.mark.parametrize(("photographs", "folders"), [(400, 1), (1000, 2), (950, 3)])
def test_about_so_many_crops_come_from_other_folders(monkeypatch, photographs, folders):
    monkeypatch.setattr(tool, "folder", lambda path, side: [torch.tensor([path, side])] * 8)
    photos = [torch.zeros(2)] * photographs
    found = tool.gathered(photos, list(range(1, folders + 1)))
    others = [tuple(one.tolist()) for one in found if one[0] > 0]
    assert len(others) / len(found) == pytest.approx(tool.EXTRA_SHARE, abs=0.03)
    assert set(others) == {(path, side) for path in range(1, folders + 1) for side in (tool.SIDE, 2 * tool.SIDE)}
    assert tool.gathered(photos, []) is photos


def test_gains_are_the_same_for_the_same_step_and_stay_in_range():
    crops = torch.rand(4, 3, 5, 6)
    first, again, other = (tool.brightened(crops, step) for step in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)
    gain = (first / crops)[first < 1]
    assert first.max() <= 1 and gain.min() >= 0.7 - 1e-4 and gain.max() <= 1.3 + 1e-4
    plain = tool.brightened(torch.full((50, 3, 1, 1), 0.5), 0)
    assert plain.unique().numel() == 150  # one gain for each channel of each crop
