"""Where a picture may come from: paths, URLs, bytes, open files, PIL pictures, arrays, tensors.

`images.load_image` is the front of this room; `decoding` turns what is found into numbers.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from nstlib.errors import ImageError
from nstlib.files.addresses import is_address, shown
from nstlib.images.arrays import Layers, from_array
from nstlib.images.decoding import decode, pil_layers

MAX_FILE = 512 * 2**20  # bytes


def read(source: Any, size: int | None = None) -> tuple[Layers, str]:
    """Return one picture from nearly anything, and what to call it in a message. `size`: see `decode`. Raises ImageError."""
    if isinstance(source, Image.Image):
        return pil_layers(source, "the PIL picture"), "the PIL picture"
    if isinstance(source, Tensor):
        return from_array(_channels_last(source), "the tensor"), "the tensor"
    if isinstance(source, np.ndarray):
        return from_array(source, "the array"), "the array"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return decode(bytes(source), "the data", size), "the data"
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        from nstlib.files.downloads import download  # here, because few pictures come from the network

        return read(download(source, check=lambda path: read(path, size), max_bytes=MAX_FILE), size)[0], shown(source)
    if isinstance(source, (str, os.PathLike)):
        return decode(_file_bytes(source), str(source), size), str(source)
    if hasattr(source, "read"):
        return decode(_stream_bytes(source), "the file", size), "the file"
    raise ImageError(
        f"a picture cannot be read from a {type(source).__name__}: expected a path, URL, bytes, open "
        "file, PIL picture, numpy array or tensor"
    )


def _file_bytes(source: str | os.PathLike) -> bytes:
    try:
        path = Path(source).expanduser()
        if path.is_dir():
            raise ImageError(f"{path} is a folder: expected one picture in it, such as {path / 'photo.jpg'}")
        if is_address(source) and not path.exists():
            raise ImageError(
                f"{shown(str(source))!r} cannot be read: expected the path of a file, or an address that begins with https:// or "
                "http://, as text"
            )
        if not path.exists():
            raise ImageError(f"there is no file {path}{_nearby(path)} (looked from {Path.cwd()})")
        if not path.is_file():
            raise ImageError(f"{path} is not an ordinary file: expected a picture")
        if path.stat().st_size > MAX_FILE:
            raise ImageError(f"{path} has {path.stat().st_size:,} bytes: at most {MAX_FILE:,} are read")
        return path.read_bytes()
    except ImageError:
        raise
    except (OSError, ValueError, TypeError, RuntimeError, MemoryError) as error:  # no permission, a name too long, a null byte
        raise ImageError(f"{source!r} cannot be opened: {error}") from error


def _nearby(path: Path) -> str:
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    return f", but there is {path.parent / close[0]}" if close else ""


def _stream_bytes(stream: Any) -> bytes:
    try:
        if stream.seekable():
            stream.seek(0)  # a buffer that was just written to stands at its end
    except (AttributeError, OSError, ValueError):
        pass  # a pipe is read from where it is; a closed file says so below
    try:
        data = stream.read(MAX_FILE + 1)
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise ImageError(f"the file cannot be read: {error or 'not enough memory'}") from error
    if not isinstance(data, bytes):
        raise ImageError(f"reading the file gave {type(data).__name__}: expected bytes; open it with mode 'rb'")
    if len(data) > MAX_FILE:
        raise ImageError(f"the file has over {MAX_FILE:,} bytes: that is more than a picture needs")
    return data


def _channels_last(tensor: Tensor) -> np.ndarray:
    if tensor.ndim == 4 and tensor.shape[0] != 1:
        raise ImageError(f"the tensor has shape {tuple(tensor.shape)}: load_image takes one picture, as images[:1]")
    plain = tensor[0] if tensor.ndim == 4 else tensor
    if plain.ndim not in (2, 3) or (plain.ndim == 3 and plain.shape[0] not in (1, 3, 4)):
        raise ImageError(
            f"the tensor has shape {tuple(tensor.shape)}: expected (1, 3, H, W), (3, H, W) or (H, W)" + axes_hint(tensor, "it")
        )
    try:
        plain = plain.detach().cpu()
        plain = plain.float() if plain.is_floating_point() else plain  # numpy has no bfloat16
        return (plain if plain.ndim == 2 else plain.movedim(0, -1)).numpy()
    except (TypeError, RuntimeError) as error:  # sparse, quantised, without storage
        raise ImageError(f"the tensor cannot be read ({error}): expected an ordinary dense tensor") from error


def axes_hint(image: Tensor, name: str) -> str:
    """Return the remedy, for a message, where the axes of a tensor are plainly in another order."""
    if image.shape[-1:] == (3,):
        return f"; channels last? use {name}.movedim(-1, -3)"
    return f"; grey? use {name}.expand(-1, 3, -1, -1)" if image.ndim == 4 and image.shape[1] == 1 else ""
