"""Where a picture comes from, written into its file: the fields that other programs read, and a record of our own.

PNG, JPEG and WebP all carry an XMP packet (ISO 16684). In it stand IPTC's digital source type, which says in one word of
a public vocabulary that a trained network had a hand in the picture, the program's name, a sentence for people, and the
record itself as JSON. The sentence and the program's name also stand where simpler programs look for them: in EXIF
(JPEG, WebP) or in PNG's text chunks. Whoever saves the picture anew without metadata, or takes a photograph of the
screen, leaves all of this behind: it helps the honest, and stops nobody else.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nstlib.errors import ImageError
from nstlib.options import shortened

SOURCE_TYPES = {  # IPTC's terms that fit the pictures of this course, and what each says
    "compositeWithTrainedAlgorithmicMedia": "a picture that a trained network changed: style transfer",
    "trainedAlgorithmicMedia": "a picture that a trained network made",
    "algorithmicMedia": "a picture that a formula made, without anything learned",
    "digitalCapture": "a photograph",
    "digitalCreation": "a picture that a person made with digital tools",
}
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "nst": "https://github.com/neural-style-course/neural-style-course/provenance/1.0/",
}
KINDS = ("PNG", "JPEG", "MPO", "WEBP")  # the formats that can carry it, by Pillow's names; MPO is a phone's JPEG
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"  # begins the JPEG segment that holds a packet
XMP_KEY = "XML:com.adobe.xmp"  # names the PNG chunk that holds one
EXIF_DESCRIPTION, EXIF_SOFTWARE = 0x010E, 0x0131
MOST = 60_000  # bytes: a JPEG segment holds 65,535, with the packet's own frame
BRIEF = 500  # letters that `brief` leaves of an entry: up to twelve bytes each
LONGEST = 2**20  # bytes of a packet that is read
log = logging.getLogger(__name__)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
FILE_NAME = re.compile(r".+\.[a-z][a-z0-9]{1,4}", re.IGNORECASE)  # of an address: what else ends it may be a secret, too


def public_name(source: str | os.PathLike) -> str:
    """Return what a stranger may know of where a picture, mask or network came from: the last part of its name.

    Of a path no folders, for they name people; of an address the file's name, else the server's, without passwords and
    tokens. Names of the course's pictures stay as they are.
    """
    name = os.fsdecode(source)
    if not ADDRESS.match(name):
        return re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    try:
        address = urlsplit(name)
        last, server = re.split(r"[?#;&]", unquote(address.path))[0].rsplit("/", 1)[-1], address.hostname
    except ValueError:  # brackets that are no IPv6 address
        return ""
    return last if FILE_NAME.fullmatch(last) else server or ""


def brief(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record that a picture can carry: where all of it is too long, the longest entries are cut short, and say so.

    For results that took long to make: the names of a hundred styles shall not be what they fail by. Raises ImageError.
    """
    record = dict(provenance)
    for key in sorted(record, key=lambda key: -len(json.dumps(record[key]))):
        if len(_packet(_record(record))) <= MOST:
            break
        text = record[key] if isinstance(record[key], str) else json.dumps(record[key], ensure_ascii=False)
        record[key] = f"{text[:BRIEF]}... (cut short)"
        log.warning("what the picture's file says of its %s is cut short: it does not fit", key)
    return record


def pack(provenance: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the options of Pillow's `save` that put `provenance` into a PNG, JPEG or WEBP. Raises ImageError."""
    record = _record(provenance)
    packet, sentence = _packet(record), describe(record)
    if len(packet) > MOST:
        raise ImageError(
            f"provenance needs {len(packet):,} bytes: at most {MOST:,} fit into a picture's metadata; leave out what is long"
        )
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Software", record["software"])
        text.add_itxt("Description", sentence)
        text.add_itxt(XMP_KEY, packet.decode())
        return {"pnginfo": text}
    exif = Image.Exif()
    exif[EXIF_SOFTWARE], exif[EXIF_DESCRIPTION] = record["software"], sentence
    if kind == "WEBP":
        return {"exif": exif.tobytes(), "xmp": packet}
    size = (2 + len(XMP_MARK) + len(packet)).to_bytes(2, "big")  # by hand: older Pillow has no xmp= for JPEG
    return {"exif": exif.tobytes(), "extra": b"\xff\xe1" + size + XMP_MARK + packet}


def unpack(picture: Image.Image) -> dict[str, Any] | None:
    """Return an opened picture's record of its making, or None where it has none.

    Of a file of ours the whole record; of another program's file what it states of "source_type" and "software".
    Raises ImageError for formats that carry none of this.
    """
    if picture.format not in KINDS:
        raise ImageError(f"a {picture.format} file carries no provenance: expected PNG, JPEG or WebP")
    root = _parsed(_found(picture))
    if root is None:
        return None
    stated = {"source_type": _value(root, "Iptc4xmpExt:DigitalSourceType"), "software": _value(root, "xmp:CreatorTool")}
    if stated["source_type"]:
        stated["source_type"] = stated["source_type"].removeprefix(VOCABULARY)
    try:
        record = json.loads(_value(root, "nst:record") or "{}")
    except ValueError:  # somebody changed it: the standard fields may still be true
        record = {}
    found = (record if isinstance(record, dict) else {}) | {key: value for key, value in stated.items() if value}
    return found or None


def describe(record: Mapping[str, Any]) -> str:
    """One sentence for people: that a computer painted this, from what and how."""
    said = [f"{key} {value}"[:80] for key, value in record.items() if key not in ("software", "source_type")]
    painted = "A neural network had a hand in this picture" if "rained" in record.get("source_type", "") else "Made by a program"
    sentence = f"{painted} ({', '.join(said)})." if said else f"{painted}."
    return "".join(letter if letter.isprintable() else " " for letter in sentence)


def _record(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Checked, as JSON gives it back, and with the two entries that every record has."""
    if not isinstance(provenance, Mapping) or not all(isinstance(key, str) for key in provenance):
        raise ImageError(
            f"provenance={shortened(provenance)}: expected a dict with names as keys, "
            'such as {"method": "stylize", "content": "temple", "style": "swirls"}'
        )
    for key, value in provenance.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ImageError(
                f"provenance[{shortened(key)}] is a {type(value).__name__}: expected text, finite numbers, or lists and "
                f"dicts of these; of a picture give its name ({error})"
            ) from error
    record = {"source_type": next(iter(SOURCE_TYPES)), "software": _software()} | json.loads(json.dumps(dict(provenance)))
    if record["source_type"] not in SOURCE_TYPES:
        raise ImageError(f"provenance['source_type']={shortened(record['source_type'])}: choose one of {', '.join(SOURCE_TYPES)}")
    return record | {"software": str(record["software"])}


def _software() -> str:
    try:
        return f"nstlib {version('nstlib')}"
    except PackageNotFoundError:  # run from its folder without being installed
        return "nstlib"


def _packet(record: Mapping[str, Any]) -> bytes:
    spaces = "".join(f'\n    xmlns:{name}="{address}"' for name, address in SPACES.items() if name != "rdf")
    body = "".join(
        f"\n   <{tag}>{escape(value)}</{tag}>"
        for tag, value in {
            "Iptc4xmpExt:DigitalSourceType": VOCABULARY + record["source_type"],
            "xmp:CreatorTool": record["software"],
            "nst:record": json.dumps(record),
        }.items()
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'  # the mark that every XMP packet begins with
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n <rdf:RDF xmlns:rdf="{SPACES["rdf"]}">\n'
        f'  <rdf:Description rdf:about=""{spaces}>{body}\n'
        f'   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(describe(record))}</rdf:li></rdf:Alt>'
        '</dc:description>\n  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def _found(picture: Image.Image) -> bytes:
    """Return the XMP packet of an opened file, where Pillow of any version keeps it; b"" if there is none."""
    segments = [data for name, data in getattr(picture, "applist", []) if name == "APP1" and data.startswith(XMP_MARK)]
    packet = segments[0][len(XMP_MARK) :] if segments else picture.info.get("xmp") or picture.info.get(XMP_KEY) or b""
    return packet.encode() if isinstance(packet, str) else packet


def _parsed(packet: bytes) -> ElementTree.Element | None:
    """Return the packet as XML; None for nothing, for what is damaged, and for what tries to define entities."""
    if not packet or len(packet) > LONGEST or b"<!" in packet:
        return None
    try:
        return ElementTree.fromstring(packet.strip(b"\0 \n\r\t"))
    except (ElementTree.ParseError, LookupError, ValueError):  # an encoding that nobody knows
        return None


def _value(root: ElementTree.Element, tag: str) -> str | None:
    """Return a simple property, written as an element or, as other programs like it, as an attribute."""
    name, local = tag.split(":")
    full = f"{{{SPACES[name]}}}{local}"
    for description in root.iter(f"{{{SPACES['rdf']}}}Description"):
        element = description.find(full)
        value = description.get(full) if element is None else element.text or element.get(f"{{{SPACES['rdf']}}}resource")
        if value and value.strip():
            return value.strip()
    return None
