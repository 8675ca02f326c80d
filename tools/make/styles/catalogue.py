"""Every style picture of the course: its words, its parameters, and the function that draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .parameters import Parameters
from .scenes import (
    autumn,
    dots,
    facets,
    flowers,
    geometry,
    glass,
    gold,
    halftone,
    hatching,
    ink,
    linocut,
    marbling,
    mosaic,
    sunset,
    swirls,
    waves,
)

LICENCE = "CC-BY-4.0"


@dataclass(frozen=True)
class Style:
    """One picture of the catalogue."""

    title: str
    kind: str  # what its marks are
    description: str  # one sentence for those who cannot see it
    function: Callable[[Parameters], np.ndarray]
    parameters: Parameters


STYLES: dict[str, Style] = {
    "swirls": Style(
        "Night with swirls", "strokes",
        "A night in thick blue strokes: eddies of wind and ringed stars over hills, a lake with yellow lights and dark "
        "poplars.",
        swirls.swirls,
        Parameters(11, ("#0d1440", "#1c3a8c", "#2f6fc0", "#7fb6d9", "#cfe3d6", "#f6c945", "#fdf0bf", "#0c2a2c",
                        "#3f6b3a", "#8a4a22"), 8.0)),
    "dots": Style(
        "Shore in dots", "dots",
        "A sunny shore in thousands of small dots of pure colour: sails on a blue-green sea, a headland, a pine "
        "and its "
        "violet shadow on the sand.",
        dots.dots,
        Parameters(23, ("#3b6fc4", "#6aa5dc", "#a9d3e6", "#f4e3c0", "#fff6e0", "#1f4f9e", "#2f86b5", "#6cc3bf",
                        "#f3d69a", "#e5a95c", "#8d6f9e", "#c7694a", "#1f6148", "#8fb54a", "#f5a23c", "#54408f"), 7.0)),
    "flowers": Style(
        "Sunflowers in a jug", "strokes",
        "Sunflowers, asters and poppies in a blue jug, every petal one thick stroke of paint, before a turquoise wall.",
        flowers.flowers,
        Parameters(5, ("#2a7f86", "#5fb0a8", "#b9d9b4", "#a8552c", "#d98a3d", "#eebb6a", "#fdf3d2", "#16285e",
                       "#2f5fae",
                       "#8ab4dc", "#123b2c", "#2f7040", "#95b04b", "#c96f12", "#f2a71b", "#ffdf57", "#b3201f",
                       "#ef5a3a",
                       "#4b2a86", "#9b6fd0", "#6b3a17", "#2a160e"), 9.0)),
    "autumn": Style(
        "Avenue in autumn", "knife",
        "An avenue of red and golden trees after rain, two walkers and their reflection, laid on with a palette knife.",
        autumn.autumn,
        Parameters(8, ("#fff3cf", "#f8d98d", "#b9cfd6", "#6f9fc0", "#4a6f94", "#22335f", "#f3b327", "#ffd95a",
                       "#ee7a1c",
                       "#c98a2b", "#c92f1d", "#7d1730", "#241426"), 14.0)),
    "sunset": Style(
        "Sunset over the fjord", "strokes",
        "A burning sky in long wavering strokes of red and orange over a dark blue fjord with a jetty and a sail.",
        sunset.sunset,
        Parameters(31, ("#4a1026", "#a81e2a", "#e04a22", "#f5862a", "#f9b545", "#ffdd72", "#fff4c4", "#101a3c",
                        "#1f3f73",
                        "#2f6f88", "#5c9a8a", "#2c4a3a", "#8a8440", "#7a3a1e"), 9.0)),
    "marbling": Style(
        "Combed paper", "marbling",
        "Marbled paper: feathers and curls of blue, red, gold and green ink, drawn through fine combs.",
        marbling.marbling,
        Parameters(3, ("#f6ead0", "#1d3f78", "#b3262b", "#e8a92c", "#2f7d6b", "#0f1d33", "#e9dcc0", "#d9683a",
                       "#6fa8c9",
                       "#7a2a4a"), 12.0)),
    "glass": Style(
        "Window with a sun", "glass",
        "A leaded window: a golden sun with blue rays, green hills, a river, a tree and red flowers, with light "
        "behind.",
        glass.glass,
        Parameters(19, ("#12308f", "#1f5fc4", "#3f9ad8", "#a9dcec", "#0f5a4a", "#2a8f4f", "#7dbb3c", "#c9dd4a",
                        "#7a4a1c",
                        "#f09a1a", "#ffcf3a", "#fff3b8", "#4a2412", "#7d1030", "#d3202a", "#f27a8a", "#6a2a9a",
                        "#17161a"), 13.0)),
    "mosaic": Style(
        "Two fish in a pool", "mosaic",
        "A mosaic of small stones in rows that follow the outlines: two red and golden fish circle in blue "
        "water inside "
        "a plaited ring.",
        mosaic.mosaic,
        Parameters(17, ("#0f2f5c", "#1f5f8f", "#3f97ad", "#8accc4", "#d8ecd8", "#7a1420", "#c4301f", "#e8762a",
                        "#f5c04a",
                        "#a8501f", "#4a2418", "#f4e9cf", "#cdb48a", "#2a2320", "#2f6b3a", "#8fb04a", "#5f7f94"), 11.0)),
    "geometry": Style(
        "Circles and lines", "geometry",
        "An abstract composition of ringed circles with halos, coloured wedges, small boards and black lines.",
        geometry.geometry,
        Parameters(41, ("#f6ecd2", "#eedca6", "#e9bfae", "#a9bcc9", "#7d6a9c", "#3f7d4f", "#ee8a2a", "#f9d04a",
                        "#c9262a",
                        "#e78aa0", "#2456a6", "#4fb0b0", "#16141a", "#1a2450", "#8a8a3a"), 8.0)),
    "waves": Style(
        "Breaking waves", "waves",
        "A woodblock print of breaking waves with clawed foam in front of a snowy mountain and a red sun.",
        waves.waves,
        Parameters(29, ("#16305c", "#27589a", "#4f86b8", "#93b9cc", "#3f8a8c", "#f5ecd6", "#5f7f9c", "#c9b79a",
                        "#ecd9b4",
                        "#f2e4c4", "#b3261f", "#e0592f", "#10182e"), 7.0)),
    "ink": Style(
        "Mountains in mist", "ink",
        "An ink wash of misty mountains with pines, a fishing boat, a red sun and vermilion maples.",
        ink.ink,
        Parameters(37, ("#f3e9d3", "#ecd7ae", "#dfe3dc", "#cfd2c9", "#8b9499", "#4c545c", "#17191f", "#7fb0a8",
                        "#2f6f80",
                        "#d9a860", "#a8542e", "#5c4030", "#f0803c", "#c8321f"), 9.0)),
    "hatching": Style(
        "Fruit and jug in crayon", "hatching",
        "Apples, pears and a blue jug on a striped cloth, in crossed layers of coloured crayon on rough paper.",
        hatching.hatching,
        Parameters(43, ("#fffaf0", "#f3dfc0", "#b5243a", "#f08a2c", "#fbd84e", "#245c3a", "#5f9e3f", "#b8d456",
                        "#d9342b",
                        "#6a1f4a", "#f7b184", "#f0d9b0", "#c9b58f", "#7f8f8a", "#232a66", "#6f63b5", "#5a3320",
                        "#efe3cb", "#8fc0e8", "#1f3fa0"), 4.0)),
    "facets": Style(
        "Guitar in facets", "facets",
        "A guitar, a bottle, a glass and lemons on a table, broken into shaded facets with dark edges.",
        facets.facets,
        Parameters(53, ("#6f8ea0", "#c9b07e", "#3f6a86", "#f3e3bd", "#b5652f", "#dba35a", "#4a2f22", "#2f5487",
                        "#a8322a",
                        "#1a1718", "#4f7d52", "#1f3f36", "#e8bd6c", "#f2cf3a", "#b5cdd3"), 9.0)),
    "halftone": Style(
        "Parrot in halftone", "print",
        "A red parrot between palm leaves before yellow rays, printed in four inks through screens of dots.",
        halftone.halftone,
        Parameters(59, ("#3fb5d8", "#7fd3d8", "#fdf0b0", "#ffd02a", "#f7902a", "#8a1226", "#d8202c", "#f2542c",
                        "#f7a8a0",
                        "#0f5a3c", "#2f9a4a", "#a8d04a", "#1a1620", "#f8f1de", "#6f6a70"), 7.0)),
    "gold": Style(
        "Golden tree", "ornament",
        "A tree whose branches roll up into spirals, on gold leaf, over a flowered meadow and between panels of black, "
        "white and golden rectangles.",
        gold.gold,
        Parameters(61, ("#8a5f14", "#c8921f", "#edc04a", "#fbe39a", "#8f2f1c", "#4a2a12", "#6f431c", "#d9a03a",
                        "#1a1410",
                        "#b5401f", "#f7efda", "#e08f9a", "#2f5f9f", "#4f8f4a", "#6f3f8a", "#b5b8b5", "#1f4a35",
                        "#7f9a3f"), 9.0)),
    "linocut": Style(
        "Owl and moon", "linocut",
        "A lino-cut of an owl on a branch before a large moon, every feather and leaf made of cuts of the gouge.",
        linocut.linocut,
        Parameters(67, ("#f6ebcf", "#8fc1c4", "#3f8a99", "#1f5f6f", "#2f4f5f", "#141820", "#f3d9a4", "#dba25c",
                        "#b5582c",
                        "#6a3222", "#ffd23a", "#f2962a", "#a8b53f", "#4f8a4a"), 6.0)),
}


def draw(name: str, parameters: Parameters | None = None) -> np.ndarray:
    """Draw a picture of the catalogue, as it is or with other parameters: uint8 (height, width, 3)."""
    if name not in STYLES:
        raise ValueError(f"style {name!r}: choose one of {', '.join(STYLES)}")
    style = STYLES[name]
    parameters = style.parameters if parameters is None else parameters
    needed = len(style.parameters.palette)
    if len(parameters.palette) < needed:
        raise ValueError(f"{name} needs a palette of {needed} colours, got {len(parameters.palette)}")
    return style.function(parameters)
