"""A photograph and a style picture, small."""

import pytest

import nstlib


@pytest.fixture(scope="module")
def temple():
    return nstlib.photo("temple", 128)


@pytest.fixture(scope="module")
def swirls():
    return nstlib.style("swirls", 128)
