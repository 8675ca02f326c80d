"""Profile, device and seed."""

import random
import re

import numpy as np
import pytest
import torch

from nstlib import settings
from nstlib.errors import NstError


def test_the_default_profile_is_laptop(monkeypatch):
    monkeypatch.delenv("NSTLIB_PROFILE", raising=False)
    assert settings.profile() == "laptop"
    monkeypatch.setenv("NSTLIB_PROFILE", "")
    assert settings.profile() == "laptop"


@pytest.mark.parametrize("name", settings.PROFILES)
def test_profiles_come_from_the_environment(name, monkeypatch):
    monkeypatch.setenv("NSTLIB_PROFILE", name)
    assert settings.profile() == name


def test_a_wrong_profile_is_refused(monkeypatch):
    monkeypatch.setenv("NSTLIB_PROFILE", "FAST")
    with pytest.raises(NstError, match="fast, laptop, full"):
        settings.profile()


@pytest.mark.parametrize(("text", "factor"), [(None, 1), ("", 1), (" ", 1), ("0.25", 0.25), ("1", 1), ("4", 4)])
def test_the_scale_comes_from_the_environment(text, factor, monkeypatch):
    monkeypatch.delenv("NSTLIB_SCALE", raising=False)
    if text is not None:
        monkeypatch.setenv("NSTLIB_SCALE", text)
    assert settings.scale() == factor


@pytest.mark.parametrize("text", ["half", "0", "-0.5", "nan", "inf", "4.1", "1/2", "0,5"])
def test_a_wrong_scale_is_refused(text, monkeypatch):
    monkeypatch.setenv("NSTLIB_SCALE", text)
    with pytest.raises(NstError, match=re.escape(f"NSTLIB_SCALE='{text}': expected a number above 0 and up to 4")):
        settings.scale()


def test_the_device_can_be_named(monkeypatch):
    monkeypatch.setenv("NSTLIB_DEVICE", "cpu")
    assert settings.device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:999", "meta", "xla", "hpu", "vulkan", "lazy", "cpu:7", "mps:3"])
def test_a_device_that_is_not_there_is_refused(name, monkeypatch):
    monkeypatch.setenv("NSTLIB_DEVICE", name)
    with pytest.raises(NstError, match=name):
        settings.device()


def test_cores_are_counted_where_no_affinity_is_known(monkeypatch):
    known = settings.cores()
    assert known >= 1
    monkeypatch.delattr(settings.os, "sched_getaffinity", raising=False)  # as on macOS and Windows
    monkeypatch.setattr(settings.os, "cpu_count", lambda: 6)
    assert settings.cores() == 6
    monkeypatch.setattr(settings.os, "cpu_count", lambda: None)  # it could not be determined
    assert settings.cores() == 1


def test_one_seed_rules_three_generators():
    def draw():
        return random.random(), np.random.rand(), float(torch.rand(()))

    settings.seed_everything(5)
    first = draw()
    settings.seed_everything(5)
    assert draw() == first
    settings.seed_everything(6)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_cannot_take_is_refused(seed):
    with pytest.raises(NstError, match="2\\*\\*32"):
        settings.seed_everything(seed)
