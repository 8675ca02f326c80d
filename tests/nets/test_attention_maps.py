"""Tables of attention between two pictures, and how they are looked at."""

import pytest
import torch

from nstlib import photo, style
from nstlib.errors import NstError
from nstlib.nets.attention_maps import DARK, MARK, AttentionMaps, light_up, marked, places_for
from nstlib.nets.sanet import SANet


@pytest.fixture(scope="module")
def network():
    """A SANet that has learned nothing: it asks for what looks alike."""
    torch.manual_seed(0)
    return SANet().eval()


def test_a_row_is_the_row_of_the_network_s_table(network):
    content, manner = photo("temple", 96), style("waves", 64)
    asking = AttentionMaps(network, torch.cat([content, content[..., :9]], 3), manner)
    assert torch.equal(asking.content, content)  # what fills no place is cut off
    maps = [network.encode(one)["relu5_1"] for one in (content, manner)]
    table = network.attentions[1].weights(*maps)[0]
    row = asking.row("relu5_1", (2, 5))
    assert row.shape == maps[1].shape[-2:]
    torch.testing.assert_close(row.flatten(), table[2 * 6 + 5])
    near = asking.row("relu5_1", (0, 5), reach=1)  # two rows and two columns: the rest is outside
    torch.testing.assert_close(near.flatten(), table[[4, 5, 10, 11]].mean(0))
    torch.testing.assert_close(asking.painted, network(content, manner).clamp(0, 1).detach(), rtol=1e-4, atol=1e-4)


def test_several_pictures_have_no_table(network):
    one = photo("temple", 64)
    for pictures in ((one.expand(2, -1, -1, -1), one), (one, one.expand(2, -1, -1, -1))):
        with pytest.raises(NstError, match="holds 2 pictures"):
            AttentionMaps(network, *pictures)


def test_what_is_asked_most_has_its_own_light_and_the_rest_is_dark():
    picture, weights = torch.full((1, 3, 16, 16), 0.8), torch.zeros(4, 4)
    weights[0, 3] = 0.3
    lit = light_up(picture, weights)
    assert lit.shape == picture.shape and lit[0, 0, 0, -1] == pytest.approx(0.8)
    assert lit[0, 0, -1, 0] == pytest.approx(0.8 * DARK)


def test_places_are_marked_in_a_copy():
    picture = torch.zeros(1, 3, 20, 40)
    seen = marked(picture, [(0.5, 0.25), (0, 1)])
    assert seen[0, :, 10, 10].tolist() == pytest.approx(MARK) and seen[0, 0, 0, -1] > 0.8
    assert (seen[:, 0] > 0).sum() == 16 + 4 and not picture.any()


def test_how_many_places_hold_half_of_the_weight():
    assert places_for(torch.tensor([[0.1, 0.6], [0.2, 0.1]])) == 1
    assert places_for(torch.full((4, 4), 1 / 16)) == 8
    assert places_for(torch.full((2, 2), 0.25), share=1.0) == 4
