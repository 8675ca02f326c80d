"""What the library raises: the caller's mistake, in the caller's words.

Every message says what was wrong, what was expected and what to do about it.
"""


class NstError(ValueError):
    """Something that the caller can put right; the parent of every error this library raises itself."""


class ImageError(NstError):
    """A picture that cannot be used: not a picture, damaged, too small, wrong shape, type or range."""


class DownloadError(NstError):
    """A download that did not arrive, was too large, or is not what was expected."""


class WeightsError(NstError):
    """Network weights that are missing, damaged, or made for another network."""


class CourseError(NstError):
    """A mistake in a notebook's own machinery: settings, exercises, checks, hints."""
