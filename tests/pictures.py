"""Small pictures that several tests need."""

import io

import torch
from PIL import Image


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    data = io.BytesIO()
    picture.save(data, format=kind, **options)
    return data.getvalue()


def colour_at(image: torch.Tensor, x: int, y: int) -> tuple[float, ...]:
    return tuple(image[0, :, y, x].tolist())


def plain(mode: str, colour, size=(40, 36)) -> Image.Image:
    return Image.new(mode, size, colour)


def noise(height: int = 36, width: int = 40, seed: int = 0) -> torch.Tensor:
    levels = torch.randint(0, 256, (1, 3, height, width), generator=torch.Generator().manual_seed(seed))
    return levels.float() / 255
