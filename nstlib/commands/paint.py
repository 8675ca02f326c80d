"""`paint`: paint photographs with a network, in one pass each; a folder's, going on where it stopped."""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path

from torch import Tensor
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from nstlib.commands.shared import EXIT_INTERRUPTED, check_picture, picture
from nstlib.datasets import picture_files
from nstlib.errors import ImageError, NstError
from nstlib.gallery import PHOTOS, photo
from nstlib.images import SAVERS, load_image, read_provenance, resize, save_image
from nstlib.nets.fast import FastNet
from nstlib.nets.files import FAST_WEIGHTS, find_painter
from nstlib.painter import paint

log = logging.getLogger(__name__)


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    one = commands.add_parser("paint", help="paint a photograph, or a folder of them, with a network in one pass")
    one.set_defaults(run=run)
    one.add_argument("photo", help=f"a file, a URL, a folder, or one of {', '.join(PHOTOS)}")
    one.add_argument("network", help=f"one of {', '.join(FAST_WEIGHTS)}, a style that 'many' holds, or a file from `train`")
    one.add_argument("-o", "--output", type=Path, required=True, help=f"the picture to write ({', '.join(SAVERS)}), or a folder")
    one.add_argument("--style", nargs="+", metavar="NAME[=SHARE]", help="of a network of many: one style, or several with shares")
    one.add_argument("--size", type=int, help="pixels of the longer side (default: the photograph's own)")
    one.add_argument("--tile", type=int, metavar="PX", help="about PX x PX pixels are computed at once (default: as it fits)")
    one.add_argument("--half", action=argparse.BooleanOptionalAction,
                     help="bfloat16: faster where the hardware has it, a grey level off (default: on CPUs that have it)")


def run(options: argparse.Namespace) -> int:
    """Paint one picture, or each of a folder."""
    network, style = find_painter(options.network)
    if options.style:
        style = shares(options.style)
    about = {"method": "paint", "network": options.network, "style": options.style or style, "size": options.size}
    if Path(options.photo).is_dir():
        return _paint_folder(Path(options.photo), options, network, style, about)
    check_picture(options.output)
    began = time.perf_counter()
    painted = paint(network, _sized(picture(options.photo, photo, PHOTOS), options.size), style, options.tile, options.half)
    save_image(painted, options.output, provenance=about | {"content": options.photo})
    print(f"{options.output}: {painted.shape[-1]}x{painted.shape[-2]} px, {time.perf_counter() - began:.1f} s")
    return 0


def shares(words: list[str]) -> dict[str, float]:
    """{name: share} of words such as "waves" or "waves=0.5". Raises NstError."""
    found = {}
    for word in words:
        name, _, share = word.partition("=")
        try:
            found[name] = float(share or 1)
        except ValueError as error:
            raise NstError(f"--style {word}: expected NAME or NAME=SHARE, such as waves=0.5") from error
    return found


def _sized(content: Tensor, size: int | None) -> Tensor:
    return content if size is None else resize(content, size)


def _paint_folder(source: Path, options: argparse.Namespace, network: FastNet, style: object, about: dict) -> int:
    """Paint each picture of a folder into another, under the same name; what is there already is left alone."""
    files, painted, there, unread = picture_files(source), 0, 0, []
    if not files:
        raise NstError(f"there is no picture in {source}")
    with logging_redirect_tqdm(), tqdm(files, unit="picture") as bar:
        for file in bar:
            bar.set_postfix_str(file.name)
            out = _painted_name(options.output / file.relative_to(source))
            record = about | {"content": file.relative_to(source).as_posix()}
            try:
                if _is_there(out, record):
                    there += 1
                    continue
                out.parent.mkdir(parents=True, exist_ok=True)
                save_image(paint(network, _sized(load_image(file), options.size), style, options.tile, options.half), out, provenance=record)
                painted += 1
            except ImageError as error:
                unread.append(file)
                log.warning("skipped %s: %s", file, error)
            except OSError as error:
                raise NstError(f"{out} cannot be written: {error}") from error
            except KeyboardInterrupt:
                print(f"interrupted; {painted} painted into {options.output}. The same command goes on from there")
                return EXIT_INTERRUPTED
    print(f"{options.output}: {painted} painted, {there} there already, {len(unread)} skipped")
    for file in unread:
        print(f"skipped: {file}")
    if not painted and not there:
        raise NstError(f"none of the {len(files)} pictures in {source} can be read")
    return 0


def _painted_name(path: Path) -> Path:
    return path if path.suffix.lower() in SAVERS else path.with_name(path.name + ".png")


def _is_there(out: Path, record: dict) -> bool:
    """Was this very picture painted before? Raises NstError for a file of any other origin, which is not overwritten."""
    if not out.exists():
        return False
    found = read_provenance(out) or {}
    if all(found.get(key) == value for key, value in record.items()):
        return True
    raise NstError(f"{out} is there and is another picture, or was painted otherwise: name another folder with -o")
