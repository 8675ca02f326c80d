"""Provenance in a picture's metadata: written, read back, legible to other programs, and never a reason to fail."""

import json
import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nstlib.__main__ import main
from nstlib.errors import ImageError
from nstlib.images import provenance
from nstlib.images.files import load_image, read_provenance, save_image

RECORD = {"method": "stylize", "content": "temple", "style": "swirls", "style_weight": 40.0, "layers": ["relu1_1", "relu2_1"]}
GREY = torch.full((1, 3, 40, 48), 0.5)
each_format = pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])


@each_format
def test_what_was_written_is_read_back(tmp_path, name):
    path = save_image(GREY, tmp_path / name, provenance=RECORD)
    found = read_provenance(path)
    assert found | RECORD == found
    assert found["source_type"] == "compositeWithTrainedAlgorithmicMedia" and found["software"].startswith("nstlib")


@each_format
def test_the_pixels_stay_as_they_are(tmp_path, name):
    plain, told = (load_image(save_image(GREY, tmp_path / name, provenance=record)) for record in (None, RECORD))
    assert torch.equal(plain, told)


@each_format
def test_a_picture_that_says_nothing_gives_none(tmp_path, name):
    assert read_provenance(save_image(GREY, tmp_path / name)) is None
    assert b"nstlib" not in (tmp_path / name).read_bytes()


@each_format
def test_an_empty_record_still_says_that_a_network_was_at_work(tmp_path, name):
    found = read_provenance(save_image(GREY, tmp_path / name, provenance={}))
    assert sorted(found) == ["software", "source_type"]


@settings(deadline=None)  # a slow disk is no fault
@given(
    record=st.dictionaries(
        st.text(max_size=20),
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.text(max_size=40)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.lists(st.text(max_size=5), max_size=3),
    )
)
def test_any_text_comes_back_from_any_format(tmp_path_factory, record):
    record = {key: value for key, value in record.items() if key not in ("source_type", "software")}
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.png", "a.jpg", "a.webp"):
        found = read_provenance(save_image(GREY, folder / name, provenance=record))
        assert {key: found[key] for key in record} == record


@pytest.mark.parametrize("source_type", provenance.SOURCE_TYPES)
def test_the_source_type_can_be_chosen(tmp_path, source_type):
    found = read_provenance(save_image(GREY, tmp_path / "a.png", provenance={"source_type": source_type}))
    assert found["source_type"] == source_type


# ---------------------------------------------------------------- legible to others


def packet_of(path):
    """The XMP packet in the raw bytes: how a program that knows nothing of the format looks for it."""
    data = path.read_bytes()
    return data[data.index(b"<x:xmpmeta") : data.index(b"</x:xmpmeta>") + 12].decode()


@each_format
def test_the_packet_holds_iptcs_term_in_iptcs_field(tmp_path, name):
    packet = packet_of(save_image(GREY, tmp_path / name, provenance=RECORD))
    root = ElementTree.fromstring(packet)
    term = root.find(".//{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType").text
    assert term == "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    assert "temple" in root.find(".//{http://purl.org/dc/elements/1.1/}description").find(".//{*}li").text


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_exif_names_the_program_and_describes_the_picture(tmp_path, name):
    with Image.open(save_image(GREY, tmp_path / name, provenance=RECORD)) as picture:
        exif = picture.getexif()
    assert exif[0x0131].startswith("nstlib") and "content temple" in exif[0x010E] and "neural network" in exif[0x010E]


def test_png_names_the_program_and_describes_the_picture(tmp_path):
    with Image.open(save_image(GREY, tmp_path / "a.png", provenance=RECORD)) as picture:
        text = picture.text
    assert text["Software"].startswith("nstlib") and "style swirls" in text["Description"]


def foreign(path, body, attributes=""):
    """A PNG with a packet as another program might write it."""
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'xmlns:nst="{provenance.SPACES["nst"]}" {attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", packet)
    Image.new("RGB", (40, 40)).save(path, pnginfo=text)
    return path


TERM = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.mark.parametrize(
    "body, attributes",
    [
        (f"<Iptc4xmpExt:DigitalSourceType>{TERM}</Iptc4xmpExt:DigitalSourceType>", ""),
        ("", f'Iptc4xmpExt:DigitalSourceType="{TERM}"'),
        (f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{TERM}"/>', ""),
    ],
)
def test_what_other_programs_state_is_read(tmp_path, body, attributes):
    assert read_provenance(foreign(tmp_path / "a.png", body, attributes)) == {"source_type": "trainedAlgorithmicMedia"}


@pytest.mark.parametrize("body", ["<nst:record>{not json</nst:record>", "<nst:record>[1]</nst:record>", "<open>", "&unknown;"])
def test_a_damaged_record_is_no_record(tmp_path, body):
    assert read_provenance(foreign(tmp_path / "a.png", body)) is None


def test_a_packet_that_defines_entities_is_left_alone(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", bomb)
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png", pnginfo=text)
    assert read_provenance(tmp_path / "a.png") is None


# ---------------------------------------------------------------- what a stranger may know


@pytest.mark.parametrize(
    "source, name",
    [
        ("temple", "temple"),
        ("temple:sky", "temple:sky"),
        ("rest", "rest"),
        ("me.jpg", "me.jpg"),
        ("me", "me"),
        ("/home/Anna Secret/me.jpg", "me.jpg"),
        ("../Anna/me.jpg", "me.jpg"),
        ("~/me.jpg", "me.jpg"),
        ("./photos/", "photos"),
        (r"C:\Users\Anna\me.jpg", "me.jpg"),
        (r"\\server\Anna\me.jpg", "me.jpg"),
        ("/home/anna/\udcff.png", "\udcff.png"),
        (Path("/home/anna/net.safetensors"), "net.safetensors"),
        (b"/home/anna/me.jpg", "me.jpg"),
        ("https://example.org/anna/x.png", "x.png"),
        ("HTTPS://example.org/x.JPEG", "x.JPEG"),
        ("http://me:hunter2@example.org/x.png?token=s3cret#s3cret", "x.png"),
        ("http://example.org/x.png;s3cret", "x.png"),
        ("http://example.org/x.png%3Ftoken=s3cret", "x.png"),
        ("http://example.org/a%2Fb%2Fx%20y.png", "x y.png"),
        ("http://example.org/https%3A%2F%2Fme%3Ahunter2%40b.org%2Fx.png", "x.png"),
        ("http://me:hunter2@example.org", "example.org"),
        ("http://me:hunter2@example.org/", "example.org"),
        ("http://example.org:8080/share/s3cret", "example.org"),
        ("http://example.org/get?file=/home/anna/x.png", "example.org"),
        ("http://example.org/a.eyJzZWNyZXQ", "example.org"),
        ("http://[broken/x.png", ""),
        ("file:///home/anna/x.png", "x.png"),
        ("", ""),
        ("/", ""),
    ],
)
def test_of_a_source_the_last_part_of_its_name(source, name):
    assert provenance.public_name(source) == name


@each_format
def test_a_painting_tells_nothing_of_its_makers_machine(tmp_path, name):
    """Content, style, mask and start in a folder that names a person: what the command writes names the files alone."""
    private = tmp_path / "Anna Secret"
    private.mkdir()
    words = [str(save_image(GREY, private / one)) for one in ("content.png", "style.png", "mask.png", "start.png")]
    out = tmp_path / name
    assert (
        main(
            [
                "stylize",
                *words[:2],
                "-o",
                str(out),
                "--masks",
                words[2],
                "--init",
                words[3],
                "--size",
                "48",
                "--steps",
                "1",
                "--backbone",
                "mini",
                "--quiet",
            ]
        )
        == 0
    )
    data = out.read_bytes()
    assert not any(
        secret.encode(code) in data for secret in ("Anna", str(tmp_path)) for code in ("utf-8", "utf-16-be", "utf-16-le")
    )
    assert {"content": "content.png", "style": "style.png"}.items() <= read_provenance(out).items()


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "record, message",
    [
        ("stylize", "expected a dict"),
        ({1: "x"}, "expected a dict"),
        ({"content": GREY}, r"provenance\['content'\] is a Tensor.*give its name"),
        ({"loss": float("nan")}, r"provenance\['loss'\] is a float"),
        ({"source_type": "handmade"}, "choose one of compositeWith"),
        ({"notes": "x" * 60_000}, "at most 60,000"),
    ],
)
def test_what_cannot_be_carried_is_refused_and_nothing_written(tmp_path, record, message):
    with pytest.raises(ImageError, match=message):
        save_image(GREY, tmp_path / "a.jpg", provenance=record)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["bmp", "gif", "tiff", "txt"])
def test_formats_that_carry_nothing_are_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_text("words") if kind == "txt" else Image.new("RGB", (40, 40)).save(path)
    with pytest.raises(ImageError, match="PNG, JPEG or WebP"):
        read_provenance(path)
    with pytest.raises(ImageError, match="should end in"):
        save_image(GREY, path, provenance=RECORD)


def test_a_missing_file_is_an_image_error(tmp_path):
    with pytest.raises(ImageError, match=r"none\.png"):
        read_provenance(tmp_path / "none.png")


def test_the_longest_record_that_is_taken_comes_back(tmp_path):
    record = {"notes": "<&>" * 2_500 + "x" * 20_000}
    for name in ("a.png", "a.jpg", "a.webp"):
        assert read_provenance(save_image(GREY, tmp_path / name, provenance=record))["notes"] == record["notes"]


def test_a_record_that_fits_is_left_as_it_is_and_of_a_longer_one_the_longest_entries_are_cut():
    assert provenance.brief(RECORD | {"notes": "<&>" * 2_500}) == RECORD | {"notes": "<&>" * 2_500}
    names, fingerprint = ["\u732b" * 80 for _ in range(135)], {"photograph": "file 0", "style": [0.125] * 135}
    found = provenance.brief({"method": "paint", "style": names, "masks": ", ".join(names), "fingerprint": fingerprint})
    assert found["method"] == "paint" and found["fingerprint"] == fingerprint
    for key in ("style", "masks"):
        assert "\u732b" * 80 in found[key] and found[key].endswith("... (cut short)") and len(found[key]) < 600
    worst = {str(number): "\U0001f600" * 70_000 for number in range(8)}
    assert len(provenance.pack(provenance.brief(worst), "WEBP")["xmp"]) < 60_000


def test_a_bomb_is_refused(tmp_path):
    """A PNG that claims 3.6 gigapixels: Pillow has an error of its own for it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""))
    with pytest.raises(ImageError, match="cannot be read"):
        read_provenance(tmp_path / "a.png")


def test_saving_anew_without_metadata_loses_it(tmp_path):
    """What provenance cannot do, and what the lesson says of it."""
    with Image.open(save_image(GREY, tmp_path / "a.png", provenance=RECORD)) as picture:
        picture.convert("RGB").save(tmp_path / "b.jpg", exif=b"", xmp=b"")
    assert read_provenance(tmp_path / "b.jpg") is None


def test_the_record_is_json_for_anybody(tmp_path):
    root = ElementTree.fromstring(packet_of(save_image(GREY, tmp_path / "a.webp", provenance=RECORD)))
    assert json.loads(root.find(f".//{{{provenance.SPACES['nst']}}}record").text)["style"] == "swirls"
