"""Networks for the panels that mix styles."""

import networks
import pytest

from nstlib.nets.any_style import AnyStyle
from nstlib.nets.fast import FastNet


@pytest.fixture(scope="session")
def painters(network_files):
    """What paints in each panel: networks that have learned nothing, but whose styles differ."""
    many = networks.spread(FastNet(0.125, norm="conditional", styles=4, names=["swirls", "ink", "waves", "gold"]))
    return {"triangle": many, "square": AnyStyle("adain", network_files["adain"])}
