"""One call for everything that paints: `transfer(content, style, method=...)`. What there is stands in the table METHODS."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.files import MIN_SIDE, one_picture, with_longer_side
from nstlib.images.gallery import STYLES
from nstlib.images.gallery import style as bundled_style
from nstlib.nets.any_style import AnyStyle, paint_like
from nstlib.nets.bands import paint
from nstlib.nets.files import SHIPPED_FAST, find_fast, load_fast
from nstlib.optimization.recording import Stylized
from nstlib.optimization.search import stylize
from nstlib.options import choice, shares, shortened
from nstlib.options import seed as check_seed

Style = Tensor | str | os.PathLike
Options = dict[str, object]
COMMON = ("size", "seed", "progress")  # that every method takes


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted picture (1, 3, H, W) in [0, 1], on the CPU, and how it came about, by whichever method."""

    image: Tensor = field(repr=False)
    method: str
    seconds: float  # of painting, encoding the style included; loading a network is not
    backbone: str | None = None  # the network that saw; None where no such network takes part
    evaluations: int = 0  # how many times a network was run forward and backward: 0 in one pass
    weights: str | None = None  # the network that painted, by its name or file; None by optimisation
    stylized: Stylized | None = field(default=None, repr=False)  # by optimisation: the history of its losses


def transfer(
    content: Tensor,
    style: Style | Sequence[Style],
    method: str = "adain",
    *,
    size: int | None = None,
    seed: int = 0,
    progress: bool = True,
    **options: object,
) -> Painted:
    """Paint `content`, a picture (1, 3, H, W) in [0, 1], in the manner of `style`, by one of METHODS.

    `style`: a picture of any size, the name of one of `nstlib.images.gallery.STYLES`, or several of these in a list. For
    method="fast" it is what a network was trained for: "swirls", "mosaic", "waves", a style that "many" holds (or several
    of them), or a .safetensors file. `size`: longer side of the result in pixels (default: the content's). Only the method
    "optimise" draws by lot (`seed`) and takes long enough to show `progress`.

    Of the other options, None is as if left out, and a method refuses those that it does not have:

    - `mix` (optimise, fast, adain, wct): what each of several styles counts, by default equally.
    - `masks` (optimise, adain, wct, sanet): where each style holds, (1, 1, H, W) in [0, 1] of any size; where none does,
      the content stays.
    - `color` (optimise, adain, wct, sanet): whose colours, one of `nstlib.control.color.COLOR_WAYS`.
    - `alpha` (adain, wct): 0 gives the content back, 1, the default, all style.
    - `style_size` (adain, wct, sanet): pixels of the style picture's longer side, and with it the width of the strokes; by
      default the content's, at most 512.
    - `weights` (adain, wct, sanet): a file that was trained; by default the course's.
    - `half` (all): bfloat16, by default on CPUs that have matrix units for it; "optimise" does so only if asked.
    - `tile` (fast): see `nstlib.paint`. "optimise" takes all that `nstlib.stylize` has.

    Raises NstError.
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    _check(method, chosen)
    seed, content = check_seed(seed), with_longer_side(one_picture(content, "content", MIN_SIDE), size, "content")
    return METHODS[method].paint(content, style, chosen | {"seed": seed, "progress": progress})


def _check(method: str, options: Options) -> None:
    choice(method, "method", METHODS)
    for name in options:
        if name not in METHODS[method].options:
            having = [other for other, one in METHODS.items() if name in one.options]
            known = (
                f"{', '.join(having)} {'has' if len(having) == 1 else 'have'} it"
                if having
                else f"no method has it; {method} has {', '.join((*COMMON, *METHODS[method].options))}"
            )
            raise NstError(f"method={method!r} has no option {name!r}: {known}")


def _pictures(style: Style | Sequence[Style]) -> list[Tensor]:
    """Styles given as pictures or by name, as pictures. Raises NstError."""
    listed = [style] if isinstance(style, Tensor | str | os.PathLike) or not isinstance(style, Sequence) else style
    if not listed:
        raise NstError("style is empty: give at least one picture")
    for one in listed:
        if not isinstance(one, Tensor) and not (isinstance(one, str) and one in STYLES):
            raise NstError(
                f"there is no style {shortened(one)}: give a picture, which load_image reads from a file, or name one of "
                f"{', '.join(STYLES)}"
            )
    return [one if isinstance(one, Tensor) else bundled_style(one) for one in listed]


def _optimise(content: Tensor, style: Style | Sequence[Style], options: Options) -> Painted:
    pictures = _pictures(style)
    made = stylize(content, pictures[0] if len(pictures) == 1 else pictures, **options)
    return Painted(made.image, "optimise", made.seconds, made.backbone, made.evaluations, stylized=made)


def _fast(content: Tensor, style: Style | Sequence[Style], options: Options) -> Painted:
    names = [style] if isinstance(style, str | os.PathLike) else list(style) if isinstance(style, Sequence) else []
    if not names or not all(isinstance(name, str | os.PathLike) for name in names):
        raise NstError(
            f"method='fast' paints in the styles that its networks have learned: name one of {', '.join(fast_styles())}, "
            "or a .safetensors file that was trained; in a style that is given as a picture adain, wct, sanet and "
            "optimise paint"
        )
    counts = shares(options["mix"], "mix", len(names)) if "mix" in options else [1.0] * len(names)
    how = {name: options[name] for name in ("tile", "half") if name in options}
    if len(names) == 1:
        (network, chosen), weights = find_fast(names[0]), names[0]
    else:
        network, chosen, weights = load_fast("many"), _summed(names, counts), "many"
    began = time.perf_counter()
    image = paint(network, content, chosen, **how).clone()  # outside inference mode: a tensor that may be trained on
    return Painted(image, "fast", time.perf_counter() - began, weights="many" if chosen in network.names else str(weights))


def _summed(names: Sequence[str], counts: Sequence[float]) -> dict[str, float]:
    """What each style counts; one that is named twice counts twice."""
    mixture = dict.fromkeys(names, 0.0)
    for name, count in zip(names, counts, strict=True):
        mixture[name] += count
    return mixture


def fast_styles() -> list[str]:
    """Return the names for method="fast": networks of one style, and the styles of the network for many."""
    return list(dict.fromkeys([*SHIPPED_FAST, *load_fast("many").names]))


def _one_pass(method: str, content: Tensor, style: Style | Sequence[Style], options: Options) -> Painted:
    how = {name: value for name, value in options.items() if name not in (*COMMON, "weights", "half")}
    painter, pictures = AnyStyle(method, options.get("weights"), options.get("half")), _pictures(style)
    began = time.perf_counter()
    image = paint_like(painter, content, pictures, **how)
    return Painted(image, method, time.perf_counter() - began, painter.backbone, weights=painter.weights)


@dataclass(frozen=True)
class Method:
    """One way to paint: a line about it, its function, and its options beside COMMON."""

    about: str
    paint: Callable[[Tensor, Style | Sequence[Style], Options], Painted]
    options: tuple[str, ...]


METHODS = {
    "optimise": Method(
        "change the picture until its features fit: any style, the best quality, seconds to minutes",
        _optimise,
        tuple(name for name in inspect.signature(stylize).parameters if name not in ("content", "style", *COMMON)),
    ),
    "fast": Method("one pass of a network that was trained for this style", _fast, ("mix", "tile", "half")),
    "adain": Method(
        "one pass, any style: mean and deviation of its features",
        partial(_one_pass, "adain"),
        ("alpha", "mix", "masks", "color", "style_size", "weights", "half"),
    ),
    "wct": Method(
        "one pass, any style: mean and covariance of its features",
        partial(_one_pass, "wct"),
        ("alpha", "mix", "masks", "color", "style_size", "weights", "half"),
    ),
    "sanet": Method(
        "one pass, any style: each place asks for strokes that fit it",
        partial(_one_pass, "sanet"),
        ("masks", "color", "style_size", "weights", "half"),
    ),
}
