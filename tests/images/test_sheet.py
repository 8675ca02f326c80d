"""The sheet under `show`: where each picture and each label stands, to the pixel."""

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import ImageError
from nstlib.images import sheet
from nstlib.images.sheet import GAP, INK, MAX_WIDTH, PAPER, contact_sheet, from_unit, gather, label_font

PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (90, 90, 90))


def pictures(*sizes):
    """One plain picture a size (width, height), each of another colour."""
    return [Image.new("RGB", size, colour) for size, colour in zip(sizes, PALETTE, strict=False)]


def boxes(page, count):
    """(left, top, right, bottom) of each colour on the page; right and bottom are the first pixels behind it."""
    values, found = np.asarray(page), []
    for colour in PALETTE[:count]:
        rows, columns = np.nonzero((values == colour).all(-1))
        found.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        assert len(rows) == (found[-1][2] - found[-1][0]) * (found[-1][3] - found[-1][1])  # a full rectangle
    return found


def test_pictures_stand_side_by_side_at_one_height():
    page = contact_sheet(pictures((100, 50), (50, 100), (70, 70)), None, 80, None)
    assert page.size == (160 + 40 + 80 + 2 * 8, 80) and GAP == 8
    assert boxes(page, 3) == [(0, 0, 160, 80), (168, 0, 208, 80), (216, 0, 296, 80)]
    assert page.getpixel((164, 40)) == PAPER == (255, 255, 255)


def test_rows_of_so_many_columns_and_the_middle_of_the_widest():
    """A column is as wide as its widest picture; the narrow ones stand in its middle."""
    page = contact_sheet(pictures((64, 64), (128, 64), (96, 64), (64, 64), (32, 64)), None, 64, 2)
    assert page.size == (96 + 8 + 128, 3 * 64 + 2 * 8)
    assert boxes(page, 5) == [(16, 0, 80, 64), (104, 0, 232, 64), (0, 72, 96, 136), (136, 72, 200, 136), (32, 144, 64, 208)]


@pytest.mark.parametrize(
    ("count", "width", "columns"),
    [(3, 200, 3), (5, 209, 5), (5, 210, 3), (7, 200, 4), (10, 200, 5), (11, 200, 4), (2, 1080, 1), (1, 2000, 1), (8, 264, 4)],
)
def test_as_many_columns_as_fit_and_rows_of_nearly_equal_length(count, width, columns):
    """5 of 209 px and 4 gaps of 8 px are 1,077 px; 5 of 210 px are 1,082, too many for 1,080."""
    page = contact_sheet([Image.new("RGB", (width, 64))] * count, None, 64, None)
    assert page.size == (columns * width + 8 * (columns - 1), -(-count // columns) * 72 - 8) and MAX_WIDTH == 1080


def test_more_columns_than_pictures_leave_no_empty_ones():
    assert contact_sheet(pictures((64, 64), (64, 64)), None, 64, 9).size == (136, 64)


def test_labels_stand_below_the_middle_of_their_pictures():
    page = contact_sheet(pictures((100, 100), (300, 100)), ["i", "i"], 100, None)
    assert page.size == (408, 100 + 18 + 4)
    assert boxes(page, 2) == [(0, 0, 100, 100), (108, 0, 408, 100)]
    ink = np.asarray(page.convert("L"))[100:] < 150
    rows, columns = np.nonzero(ink)
    left, right = columns[columns < 104], columns[columns >= 104]
    assert left.mean() == pytest.approx(50, abs=1.5) and right.mean() == pytest.approx(258, abs=1.5)
    assert 3 <= rows.min() and rows.max() < 20 and INK == (40, 40, 40)


def test_long_labels_are_wrapped_within_their_column_and_push_the_next_row_down():
    words = "one two three four five six seven"
    page = contact_sheet(pictures((64, 64), (64, 64), (64, 64)), [words, "a", "b"], 64, 1)
    font, lines = label_font(), 1
    line = ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        lines, line = (lines, longer) if font.getlength(longer) <= 64 or not line else (lines + 1, word)
    assert lines > 2
    each = 64 + lines * 18 + 4
    assert page.size == (64, 3 * each + 2 * 8)
    assert [box[1] for box in boxes(page, 3)] == [0, each + 8, 2 * (each + 8)]
    assert np.asarray(page.convert("L"))[64 + 4 + 18 * (lines - 1) : each].min() < 150  # the last line is there


def test_a_word_that_is_too_long_is_cut_and_nothing_of_it_is_lost():
    word, font = "immeasurable", label_font()
    pieces = sheet._pieces(word, 60, font)
    assert "".join(pieces) == word and len(pieces) > 1 and all(font.getlength(piece) <= 60 for piece in pieces)
    assert all(font.getlength(piece + word[len("".join(pieces[: n + 1]))]) > 60 for n, piece in enumerate(pieces[:-1]))
    assert contact_sheet(pictures((60, 60)), [word], 60, None).size == (60, 60 + 18 * len(pieces) + 4)


def test_small_pictures_keep_their_pixels_and_large_ones_are_smoothed():
    """63 px or less are enlarged in squares, so that pixels can be counted; when they shrink, or are larger, they are not."""

    def half(width, height):
        picture = Image.new("L", (width, height))
        picture.paste(255, (width // 2, 0, width, height))
        return picture.convert("RGB")

    def levels(picture, height):
        return len(np.unique(np.asarray(contact_sheet([picture], None, height, None))))

    assert levels(half(2, 2), 100) == 2 and levels(half(62, 62), 100) == 2
    assert levels(half(64, 64), 100) > 2 and levels(half(63, 40), 39) > 2 and levels(half(64, 10), 100) > 2


def test_tensors_become_the_nearest_of_256_levels():
    image = torch.tensor([0.0, 0.4999 / 255, 0.5001 / 255, 1.0]).view(1, 2, 2).expand(3, -1, -1).clone()
    image[0, 0, 0] = 1.0
    assert np.asarray(from_unit(image)).tolist() == [[[255, 0, 0], [0, 0, 0]], [[1, 1, 1], [255, 255, 255]]]


def test_lists_and_batches_are_taken_apart_in_order():
    levels = torch.arange(6.0).view(6, 1, 1, 1).expand(-1, 3, 4, 5) / 10
    found = gather([levels[:2], [levels[2], (from_unit(levels[3]),)], levels[4, :1], levels[5, 0]])
    assert [picture.size for picture in found] == [(5, 4)] * 6
    assert [picture.getpixel((0, 0)) for picture in found] == [(round(25.5 * n),) * 3 for n in (0, 1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("low", "high", "fine"), [(-1.0, 2.0, True), (-1.01, 1.0, False), (0.0, 2.01, False), (0.0, float("nan"), False)]
)
def test_a_canvas_may_leave_the_range_by_as_much_as_it_is_wide(low, high, fine):
    image = torch.tensor([low, high]).view(1, 1, 1, 2)
    if fine:
        assert [gather([image])[0].getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]
    else:
        with pytest.raises(ImageError, match="values from"):
            gather([image])


def test_labels_can_hold_the_signs_of_mathematics():
    font = sheet.label_font()
    missing = font.getmask("\U000f0000").size, bytes(font.getmask("\U000f0000"))
    for sign in "×→αβλ·≤−²½é":
        assert (font.getmask(sign).size, bytes(font.getmask(sign))) != missing


def test_different_labels_look_different():
    labels = ["\u539f\u56fe", "\u98ce\u683c", "\u65e5\u672c", "a\x00", "a\x01", "\u00d7", "w" * 60 + "1", "w" * 60 + "2", "plain"]
    pages = [sheet.contact_sheet([Image.new("RGB", (64, 64))], [label], 64, None) for label in labels]
    assert len({(page.size, page.tobytes()) for page in pages}) == len(labels)


def test_another_font_is_looked_for_where_letters_are_missing_that_one_may_have(monkeypatch):
    """No font draws a control character: it is written as its number in the usual one."""
    asked = []
    monkeypatch.setattr(sheet, "_font_with", asked.append)
    assert sheet.drawable("a \u539f")[0] == r"a \u539f" and asked == [frozenset("a \u539f")]
    assert sheet.drawable("a\x00")[0] == r"a\x00" and len(asked) == 1


def test_rows_that_would_make_too_large_a_page_are_refused(monkeypatch):
    """Each picture and each row is small enough; the page of all is not."""
    monkeypatch.setattr(sheet, "MAX_PIXELS", 20_000)
    assert contact_sheet(pictures((64, 64), (64, 64)), None, 64, 1).size == (64, 136)
    with pytest.raises(ImageError, match="64x352 pixels"):
        contact_sheet(pictures(*[(64, 64)] * 5), None, 64, 1)
