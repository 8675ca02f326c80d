"""A picture as an array: the layers of which it consists, and the checks of arrays that a caller gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nstlib.errors import ImageError


class Layers(NamedTuple):
    """A picture: colours (H, W, 3) and, where it has one, opacity (H, W, 1), both float32 in [0, 1]."""

    colours: np.ndarray
    alpha: np.ndarray | None

    def on_white(self) -> np.ndarray:
        """Return the colours as they look on white paper: (H, W, 3)."""
        return self.colours if self.alpha is None else self.colours * self.alpha + (1 - self.alpha)


def from_array(array: np.ndarray, origin: str) -> Layers:
    """Return the picture in an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), bool, uint8, uint16 or float in [0, 1]."""
    array = np.asarray(array)  # a masked array's mask says nothing about colours
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise ImageError(f"{origin} has shape {array.shape}: expected (H, W), (H, W, 3) or (H, W, 4)" + _axes_hint(array))
    values = _unit_range(array, origin)
    if values.shape[-1] == 4:
        return Layers(values[..., :3], values[..., 3:])
    return Layers(np.repeat(values, 3, axis=-1) if values.shape[-1] == 1 else values, None)


def _axes_hint(array: np.ndarray) -> str:
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return "; channels first? use array.transpose(1, 2, 0)"
    return "; one picture of a batch? use array[0]" if array.ndim == 4 else ""


def _unit_range(array: np.ndarray, origin: str) -> np.ndarray:
    if array.dtype.newbyteorder("=") in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    if array.dtype == bool:
        return array.astype(np.float32)
    if array.dtype.kind != "f":
        raise ImageError(
            f"{origin} has dtype {array.dtype}: expected uint8 (0 to 255), uint16 (0 to 65535), bool or floats in [0, 1]"
        )
    check_values(float(array.min()), float(array.max()), origin)
    return array.astype(np.float32)


def check_values(low: float, high: float, name: str, slack: float = 0.0) -> None:
    """Raise ImageError unless the extremes of a picture are numbers from 0 to 1, give or take `slack`."""
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(
            f"{name} holds values that are not finite (NaN or infinity): expected numbers in [0, 1]; "
            "what made it went wrong before this"
        )
    if low < -slack or high > 1 + slack:
        advice = "divide by 255" if 2 < high <= 256 and low >= 0 else "use .clip(0, 1) if that is what you mean"
        raise ImageError(f"{name} has values from {low:.4g} to {high:.4g}: expected [0, 1]; {advice}")
