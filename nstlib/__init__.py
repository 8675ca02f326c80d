"""The library of a course on neural style transfer; the course is in notebooks/, start there.

The subject, in the order of the lessons:

    features      networks that see, their maps by layer name (lesson 1)
    textures      textures before networks: pixel by pixel, by statistics of wavelets, by sparse patches (lesson 2)
    losses        Gram matrices and other statistics of a style, the losses of a picture (lessons 3 to 5)
    optimization  the search for a picture: the loop, its pyramid, L-BFGS, tiles (lessons 4 and 5)
    control       what you steer: colours and regions (lesson 5)
    judging       metrics, a judge by Gabor filters, studies with people, your own taste (lesson 6)
    nets          networks that paint, and how they are run (lessons 7 to 10)
    training      how those are trained: losses, photographs, the loop, checkpoints (lessons 7 to 10)
    methods       `transfer`: one call for every way to paint (lessons 9 and 10)

The machinery around it:

    images        a picture as a tensor: files in and out, other sizes, the course's own pictures
    files         downloads that are checked, files that are written whole or not at all
    notebook      panels to play with, checks of the exercises
    course        what a lesson says: the setup and settings cells, exercises and hints
    plots         figures of the lessons
    commands      the commands of `python -m nstlib`, a module each
    __main__      the command line that calls them
    settings      profile, device, number formats, seed, memory
    options       what a caller may give for an option
    errors        what the library raises
    doors         how a folder opens its modules, as `nstlib.images.gallery.STYLES` does
    weights       the networks that come with the course, with their model cards

To read the mathematics alone, take these in this order, about 2,050 lines:

    features.extractor, losses.terms, losses.objective, optimization.search, optimization.lbfgs, control.color,
    nets.fast, nets.adain, nets.wct, nets.sanet, training.fast_loss, training.loop

What is used most stands at the front door, as `nstlib.stylize` does.
"""

from nstlib.doors import open_rooms as _open_rooms

# Loaded on first use: `import nstlib` stays light.
_HOME = {
    "load_image": "images.files",
    "save_image": "images.files",
    "show": "images.files",
    "read_provenance": "images.files",
    "photo": "images.gallery",
    "style": "images.gallery",
    "mask": "images.gallery",
    "painting": "images.gallery",
    "FeatureExtractor": "features.extractor",
    "gram_matrix": "losses.terms",
    "content_loss": "losses.terms",
    "style_loss": "losses.terms",
    "total_variation": "losses.terms",
    "LBFGS": "optimization.lbfgs",
    "stylize": "optimization.search",
    "Stylized": "optimization.search",
    "load_fast": "nets.files",
    "paint": "nets.bands",
    "transfer": "methods",
    "NstError": "errors",
}

__all__ = list(_HOME)


__getattr__, __dir__ = _open_rooms(__name__, __path__, _HOME)
