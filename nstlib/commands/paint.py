"""`paint`: paint photographs with a network, in one pass each; a folder's, going on where it stopped."""

from __future__ import annotations

import argparse
import logging
import math
import os
import time
import unicodedata
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm.contrib.logging import logging_redirect_tqdm

from nstlib.commands.console import say
from nstlib.commands.shared import EXIT_INTERRUPTED, check_picture, picture_and_alpha, write_picture
from nstlib.errors import ImageError, NstError
from nstlib.files import fingerprint
from nstlib.files.addresses import is_address
from nstlib.files.locks import hold
from nstlib.files.paths import expanded
from nstlib.files.progress import bar
from nstlib.files.writing import check_apart, reason, undisturbed
from nstlib.images.files import MIN_SIDE, SAVERS, load_with_alpha, read_provenance, save_image, with_longer_side
from nstlib.images.gallery import PHOTOS, photo
from nstlib.images.provenance import brief, public_name
from nstlib.nets.bands import paint, style_shares
from nstlib.nets.fast import FastNet
from nstlib.nets.files import SHIPPED_FAST, find_fast
from nstlib.settings import device, has_bf16
from nstlib.training.folders import picture_files

LONGEST_NAME = 255  # bytes, of a file on most disks
log = logging.getLogger(__name__)


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    one = commands.add_parser("paint", help="paint a photograph, or a folder of them, with a network in one pass")
    one.set_defaults(run=run)
    one.add_argument("photo", help=f"a file, a URL, a folder, or one of {', '.join(PHOTOS)}")
    one.add_argument("network", help=f"one of {', '.join(SHIPPED_FAST)}, a style that 'many' holds, or a file from `train`")
    one.add_argument("-o", "--output", type=Path, required=True, help=f"the picture to write ({', '.join(SAVERS)}), or a folder")
    one.add_argument("--style", nargs="+", metavar="NAME[=SHARE]", help="of a network of many: one style, or several with shares")
    one.add_argument("--size", type=int, help="pixels of the longer side (default: the photograph's own)")
    one.add_argument("--tile", type=int, metavar="PX", help="about PX x PX pixels are computed at once (default: as it fits)")
    one.add_argument(
        "--half",
        action=argparse.BooleanOptionalAction,
        help="bfloat16: faster where the hardware has it, a grey level off (default: on CPUs that have it)",
    )
    one.add_argument(
        "--anew",
        action="store_true",
        help="of a folder: paint again what was painted otherwise, or from another "
        "photograph; files of other programs are never written over",
    )


def run(options: argparse.Namespace) -> int:
    """Paint one picture, or each of a folder."""
    network, style = find_fast(options.network)
    if options.style:
        style = shares(options.style, network.names)
    about = {"method": "paint", "network": public_name(options.network), "style": options.style or style, "size": options.size}
    source = None if is_address(options.photo) else expanded(options.photo)
    if options.photo and source and os.path.isdir(source):  # nobody means this folder who gives an empty name
        return _paint_folder(
            Folder(source, expanded(options.output), about, _known(network, style, options), options.anew),
            network,
            style,
            options,
        )
    began = time.perf_counter()
    check_picture(options.output, [options.photo, options.network])
    content, alpha = picture_and_alpha(options.photo, photo, PHOTOS)
    output = check_picture(options.output, content=content, size=options.size)
    painted = _painted(content, network, style, options)
    known = {"photograph": fingerprint.picture(content)} | _known(network, style, options)
    said = f"{painted.shape[-1]}x{painted.shape[-2]} px, {time.perf_counter() - began:.1f} s"
    return write_picture(
        painted, output, about | {"content": public_name(options.photo), "fingerprint": known}, said, alpha=alpha
    )


def shares(words: Iterable[str], names: Container[str] = ()) -> dict[str, float]:
    """Return {name: share} of words such as "waves" or "waves=0.5"; shares of one name are added up. Raises NstError.

    `names` that there are: one that has a "=" in it is a name. Else the last "=" stands before the share.
    """
    found: dict[str, float] = {}
    for word in words:
        name, equals, share = (word, "", "") if word in names else word.rpartition("=")
        try:
            value = float(share) if equals else 1.0
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise NstError(f"--style {word}: expected NAME or NAME=SHARE, such as waves=0.5, with a finite share from 0 up")
        name = name if equals else word
        found[name] = found.get(name, 0.0) + value
    return found


def _painted(content: Tensor, network: FastNet, style: object, options: argparse.Namespace) -> Tensor:
    """The photograph (1, 3, H, W) at the size asked for, painted. Raises NstError."""
    return paint(network, with_longer_side(content, options.size, "the photograph"), style, options.tile, options.half)


def _known(network: FastNet, style: object, options: argparse.Namespace) -> dict[str, object]:
    """What decides a painting beside the photograph. Raises NstError."""
    taken = style_shares(network, style)
    half = device().type == "cpu" and has_bf16() if options.half is None else options.half
    return {
        "network": fingerprint.network(network),
        "size": options.size,
        "half": bool(half),
        "style": [round(float(share), 6) for share in taken] if isinstance(taken, Tensor) else taken,
    }


@dataclass
class Folder:
    """A folder of photographs, the one for the paintings, what to note in these, and whether to paint anew what is stale."""

    source: Path
    output: Path
    about: dict[str, object]
    known: dict[str, object]
    anew: bool

    def record(self, file: Path) -> dict[str, object]:
        """Return what to note in the painting of a photograph. Raises OSError."""
        known = {"photograph": fingerprint.file(file)} | self.known
        return self.about | {"content": public_name(file.name), "fingerprint": known}

    def there(self, file: Path, out: Path) -> bool:
        """Return whether this very picture is painted already.

        Raises Stale where another photograph was, or otherwise; NstError for a file of any other origin.
        """
        if not (out.exists() or out.is_symlink()):
            return False
        try:
            found = read_provenance(out) or {}
        except (ImageError, OSError) as error:
            raise NstError(f"{out} is there, and is no painting of this course ({error}): name another folder with -o") from error
        if found.get("method") != "paint" or str(found.get("content")).rpartition("/")[2] != public_name(file.name):
            raise NstError(f"{out} is there, and is another picture, or was painted otherwise: name another folder with -o")
        before = found.get("fingerprint")
        if not isinstance(before, dict):
            raise Stale(f"{out.name}: painted by an earlier version, which did not note from what")
        other = fingerprint.differences(before, self.record(file)["fingerprint"])
        if other:
            raise Stale(f"{out.name}: {', '.join(other)}")
        return True


class Stale(NstError):
    """A painting of ours that is not what would be painted now."""


def painted_names(files: Iterable[Path], source: Path) -> dict[Path, Path]:
    """Return {photograph: name of its painting in the other folder}.

    No two are alike, and none is that of a folder, whatever letters' case means there.
    """
    names = {file: _painted_name(file.relative_to(source)) for file in files}
    taken = {_folded(folder) for name in names.values() for folder in name.parents}
    for file, name in sorted(names.items(), key=lambda pair: (pair[1] != pair[0].relative_to(source), pair)):
        number, free = 1, name
        while _folded(free) in taken:
            number += 1
            free = _named(name, name.stem, f"-{number}{name.suffix}")
        taken.add(_folded(free))
        names[file] = free
    return names


def _painted_name(path: Path) -> Path:
    return path if path.suffix.lower() in SAVERS else _named(path, path.name, ".png")


def _named(path: Path, stem: str, ending: str) -> Path:
    """Return the path with another name, its stem cut where a disk could not take it whole."""
    while len(os.fsencode(stem + ending)) > LONGEST_NAME:
        stem = stem[:-1]
    return path.with_name(stem + ending)


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def _paint_folder(folder: Folder, network: FastNet, style: object, options: argparse.Namespace) -> int:
    """Paint each picture of a folder into another, under the same name; what is there already is left alone."""
    if folder.output.resolve() == folder.source.resolve():
        raise NstError(f"{folder.output} holds the photographs: name another folder with -o")
    files = picture_files(folder.source, [folder.output])
    if not files:
        raise NstError(f"there is no picture in {folder.source}")
    if options.size is not None and options.size < MIN_SIDE:
        raise NstError(f"--size {options.size}: expected {MIN_SIDE} pixels or more")
    # A little grey is painted first: what is wrong with network, tile or half is said before the work, not of each picture.
    paint(network, torch.full((1, 3, MIN_SIDE, MIN_SIDE), 0.5), style, options.tile, options.half)
    lock, painted, unread = hold(folder.output, "painting of a folder"), [], []
    try:
        names = painted_names(files, folder.source)
        waiting = _waiting(folder, names)
        with logging_redirect_tqdm(), bar(waiting, unit="picture") as shown:
            for file in shown:
                shown.set_postfix_str(file.name)
                made = _make(folder, file, lambda content: _painted(content, network, style, options))
                if made is None:
                    unread.append(file)
                    continue
                with undisturbed():  # Ctrl-C waits: what is written is counted
                    _write(folder.output / names[file], *made)
                    painted.append(file)
    except KeyboardInterrupt:
        say(f"interrupted; {len(painted)} painted into {folder.output}. The same command goes on from there")
        return EXIT_INTERRUPTED
    finally:
        lock.release()
    say(f"{folder.output}: {len(painted)} painted, {len(files) - len(waiting)} there already, {len(unread)} skipped")
    for file in unread:
        say(f"skipped: {file}")
    if len(unread) == len(files):
        raise NstError(f"none of the {len(files)} pictures in {folder.source} could be painted: the reasons stand above")
    return 0


def _waiting(folder: Folder, names: dict[Path, Path]) -> list[Path]:
    """Return the photographs not painted yet.

    Raises NstError for files of others, for photographs in the place of paintings and, unless anew, for stale paintings.
    """
    waiting, stale = [], []
    for file, name in names.items():
        try:
            if folder.there(file, folder.output / name):
                continue
        except Stale as error:
            stale.append(str(error))
        except OSError as error:
            log.warning("%s: %s", file, error)  # it is skipped, and named, when it is to be painted
        waiting.append(file)
    check_apart((folder.output / names[file] for file in waiting), names)
    if stale and not folder.anew:
        raise NstError(
            f"{len(stale)} of the paintings in {folder.output} were painted otherwise, or from other photographs "
            f"({'; '.join(stale[:3])}{' ...' if stale[3:] else ''}): paint them again with --anew, or name another folder with -o"
        )
    return waiting


def _make(
    folder: Folder, file: Path, painted: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor | None, dict[str, object]] | None:
    """Paint one photograph: painting, opacity, record; None, and a warning, where it cannot be read or is too large."""
    try:
        record, (content, alpha) = folder.record(file), load_with_alpha(file)
        return painted(content), alpha, record
    except (NstError, OSError) as error:
        log.warning("skipped %s: %s", file, error)
        return None


def _write(out: Path, painting: Tensor, alpha: Tensor | None, record: dict[str, object]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        save_image(painting, out, provenance=brief(record), alpha=alpha)
    except FileExistsError as error:
        raise NstError(f"{out.parent} is a file: name another folder with -o") from error
    except OSError as error:
        raise NstError(f"{out} cannot be written: {reason(error)}") from error
