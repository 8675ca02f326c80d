"""`train`: train a network that paints in one style, or in several."""

from __future__ import annotations

import argparse
import json
import logging
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from accelerate import PartialState

from nstlib.commands.console import say
from nstlib.commands.shared import EXIT_INTERRUPTED, picture
from nstlib.errors import NstError
from nstlib.files.paths import expanded
from nstlib.files.writing import check_output, save_somewhere
from nstlib.images.gallery import STYLES, style
from nstlib.images.provenance import public_name
from nstlib.losses.objective import Weights
from nstlib.nets.files import SHIPPED_FAST, load_fast, save_network
from nstlib.settings import device
from nstlib.training.checkpoints import PATTERN, set_aside
from nstlib.training.datasets import IMAGENETTE, Pictures, bundled, folder, imagenette
from nstlib.training.fast_loss import FAST_LOSS
from nstlib.training.loop import Trained, TrainingError
from nstlib.training.recipes import STYLE_SIZE, FastRecipe, train_fast
from nstlib.training.samples import check_sheets
from nstlib.training.schedule import PRECISIONS, TrainingSettings

log = logging.getLogger(__name__)
SIDE = 256  # pixels, shorter side of the photographs


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    one = commands.add_parser("train", help="train a network that paints in one pass")
    one.set_defaults(run=run)
    one.add_argument("style", help=f"a file, a URL, or one of {', '.join(STYLES)}")
    sets = ", ".join(IMAGENETTE)
    photos = f"a folder of photographs, 'bundled' (the default), or {sets} (a download)"
    one.add_argument("photos", nargs="?", default="bundled", help=photos)
    one.add_argument("-o", "--output", help="the network to write (default: fast_STYLE.safetensors, here)")
    one.add_argument("--also", nargs="+", default=[], metavar="STYLE", help="further styles, for one network of many")
    where = "for checkpoints and sample pictures; the same command goes on from there (default: beside the output)"
    one.add_argument("--run", dest="folder", metavar="FOLDER", help=where)
    anew = "start again where another training is in that folder; its checkpoints are moved into a folder inside, not deleted"
    one.add_argument("--anew", action="store_true", help=anew)
    _add_settings(one)
    _add_recipe(one)


def _add_settings(one: argparse.ArgumentParser) -> None:
    """Declare how it is trained."""
    begun = "whose convolutions and width to begin with: a file, or one of " + ", ".join(SHIPPED_FAST)
    one.add_argument("--start", metavar="NETWORK", help=begun)
    one.add_argument("--steps", type=int, default=TrainingSettings.steps)
    one.add_argument("--batch", type=int, default=TrainingSettings.batch)
    one.add_argument("--learning-rate", type=float, default=TrainingSettings.learning_rate, metavar="R")
    one.add_argument("--precision", choices=PRECISIONS, default="auto")
    one.add_argument("--ema", type=float, default=0.99, help="share of the old in the running mean of the weights; 0: none")
    one.add_argument("--checkpoint-every", type=int, default=TrainingSettings.checkpoint_every, metavar="STEPS")


def _add_recipe(one: argparse.ArgumentParser) -> None:
    """Declare what is trained, and by which losses."""
    samples, strokes = "a picture of how it paints (default: %(default)s)", "larger: larger strokes (default: %(default)s)"
    one.add_argument("--sample-every", type=int, default=250, metavar="STEPS", help=samples)
    one.add_argument("--crop", type=int, default=FastRecipe.crop, help="pixels (default: %(default)s)")
    one.add_argument("--style-size", type=int, default=STYLE_SIZE, metavar="PX", help=strokes)
    one.add_argument("--width", type=float, default=FastRecipe.width, help="1 is the published network (default: %(default)s)")
    one.add_argument("--content-weight", type=float, default=FAST_LOSS.content, metavar="W")
    one.add_argument("--style-weight", type=float, default=FAST_LOSS.style, metavar="W")
    glare = "weight of what keeps glaring spots away (default: %(default)s)"
    one.add_argument("--saturation", "--glare", type=float, default=0.0, metavar="W", help=glare)
    one.add_argument("--tv-weight", type=float, default=FAST_LOSS.tv, metavar="W")


def run(options: argparse.Namespace) -> int:
    """Train, or go on training, and write the network."""
    _check_given(options)
    sources = [options.style, *options.also]
    names = style_names(sources)
    given = [*sources, options.start] if options.start else sources
    output = check_output(options.output or Path(f"fast_{'_'.join(names)}.safetensors"), (".safetensors",), given)
    if output.match(PATTERN):
        raise NstError(f"{output}: that is what checkpoints are named like, and would be taken for one: choose another name")
    styles = {name: picture(source, style, STYLES) for name, source in zip(names, sources, strict=True)}
    settings, recipe = _settings(options), _recipe(options)
    where = expanded(options.folder or output.with_suffix(".run"))
    pictures = photographs(options.photos, max(SIDE, options.crop), [where])
    if recipe.sample_every:
        check_sheets(where, recipe.sample_every, [*given, *pictures.sources])
    if options.anew:
        _begin_anew(where)
    try:
        trained = train_fast(styles, pictures, settings, where, recipe)
    except TrainingError as error:
        raise _kept(error, output, _about(options, pictures, recipe)) from error
    if not PartialState().is_main_process:
        return 0
    steps = len(trained.history.get("total", ()))
    if steps:
        _write(trained, output, _about(options, pictures, recipe))
    if steps < options.steps:
        left = f"the same command goes on from there, by the checkpoint in {where}"
        say(f"interrupted after {steps} of {options.steps} steps; {left}")
        return EXIT_INTERRUPTED
    return 0


def _check_given(options: argparse.Namespace) -> None:
    """Refuse an empty name, which an unset variable of a shell leaves: nobody means this folder by it. Raises NstError."""
    given = {"the style": options.style, "the folder of photographs": options.photos, "--output": options.output}
    given |= {"a style of --also": "" if "" in options.also else None, "--run": options.folder, "--start": options.start}
    for name, word in given.items():
        if word == "":
            raise NstError(f'{name} is empty (""), as a variable of the shell that is not set: give a name, or leave it out')


def _settings(options: argparse.Namespace) -> TrainingSettings:
    names = ("steps", "batch", "learning_rate", "precision", "ema", "checkpoint_every")
    return TrainingSettings(**{name: getattr(options, name) for name in names})


def _recipe(options: argparse.Namespace) -> FastRecipe:
    weights = Weights(options.content_weight, options.style_weight, options.tv_weight)
    names = ("width", "crop", "saturation", "sample_every", "style_size")
    start = load_fast(options.start) if options.start else None
    return FastRecipe(weights, start=start, **{name: getattr(options, name) for name in names})


def _about(options: argparse.Namespace, pictures: Pictures, recipe: FastRecipe) -> dict[str, object]:
    """Return what to note in the network's file of how it was trained."""
    named = expanded(options.photos).resolve().name if isinstance(pictures.sources[0], Path) else options.photos
    return {
        "photographs": named,
        "pictures": len(pictures),
        "crop": options.crop,
        "style_size": options.style_size,
        "weights": vars(recipe.weights) | {"saturation": options.saturation},
        "batch": options.batch,
    } | ({"start": Path(options.start).name} if options.start else {})


def _write(trained: Trained, output: Path, about: dict[str, object]) -> None:
    steps = len(trained.history["total"])
    losses = {name: round(fmean(values[-100:]), 4) for name, values in trained.history.items()}
    about |= {"steps": steps, "seconds": round(trained.seconds), "losses": losses}
    save_somewhere(output, lambda place: save_network(trained.network, place, **about))
    say(f"{output}: {steps} steps, {output.stat().st_size / 1e6:.2f} MB, {json.dumps(losses)}")


def _kept(error: TrainingError, output: Path, about: dict[str, object]) -> NstError:
    """Write what a training that broke off has learned; return its error, which says where that is."""
    if not PartialState().is_main_process or error.result is None or not error.result.history:
        return NstError(str(error))
    try:
        _write(error.result, output, about)
    except NstError as another:
        return NstError(f"{error}. {another}")
    return NstError(f"{error}. The network that was trained until then is in {output}")


def _begin_anew(where: Path) -> None:
    """Set the checkpoints of another training aside, by one process of all."""
    state = PartialState(cpu=device().type == "cpu")
    with state.main_process_first():
        aside = set_aside(where) if state.is_main_process else None
    if aside:
        say(f"the checkpoints that were in {where} are in {aside}")


def style_names(sources: Sequence[str]) -> list[str]:
    """Return a name for each style: the course's own, or that of its file or address; equal ones get numbers.

    Letters' case makes no difference: on some disks it makes none for files. Raises NstError for one that is given twice.
    """
    twice = [source for number, source in enumerate(sources) if any(_same(source, other) for other in sources[:number])]
    if twice:
        raise NstError(f"the style {twice[0]} is given twice: name each once")
    names: list[str] = []
    for source in sources:
        stem = name = source if source in STYLES and not Path(source).is_file() else _stem(source)
        number = 1
        while _folded(name) in map(_folded, names):
            number += 1
            name = f"{stem}-{number}"
        if name != stem:
            log.info("in the network the style %s is called %s, for there is another %s", source, name, stem)
        names.append(name)
    return names


def _same(source: str, other: str) -> bool:
    return source == other or (os.path.exists(source) and os.path.exists(other) and os.path.samefile(source, other))


def _stem(source: str) -> str:
    return Path(public_name(source)).stem or "style"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def photographs(source: str, side: int, without: Iterable[Path] = ()) -> Pictures:
    """Return what to train on: 'bundled', a name of IMAGENETTE, or a folder, `without` others inside it. Raises NstError."""
    if source == "bundled":
        return bundled(side)
    return imagenette(source, side) if source in IMAGENETTE else folder(Path(source), side, without)
