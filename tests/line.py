"""A network of one number that learns in no time, its loss and its data: for tests of trainings."""

import torch
from torch import nn

from nstlib.training.loop import TrainingSettings


class Line(nn.Module):
    """y = a x, with one weight to learn."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.zeros(1))
        self.frozen = nn.Parameter(torch.ones(1), requires_grad=False)

    def forward(self, x):
        return self.a * x


def distance(network, x, numbers):
    return {"total": (network(x) - 3 * x).square().mean()}


def values(step, count, first=0):
    return torch.linspace(0.5, 1.5, 8)[first : first + count]


SETTINGS = TrainingSettings(150, batch=8, learning_rate=0.1, precision="no", checkpoint_every=10)
SHORT = TrainingSettings(4, batch=8, precision="no")


class Known:
    """A function that is known by its purpose, however it is made."""

    def __init__(self, function):
        self.function = function

    def identity(self):
        return {}

    def __call__(self, *given, **named):
        return self.function(*given, **named)


known_distance, known_values = Known(distance), Known(values)
