"""Play panels of the lessons: ipywidgets over the library's generators. They work in ipywidgets 7.7 and 8.

An optimisation runs in a thread of its own, so that the kernel goes on answering: buttons, sliders and other cells.
"""

from __future__ import annotations

import io
import threading
import time
import weakref
from collections.abc import Callable, Sequence

import ipywidgets
from matplotlib.figure import Figure
from torch import Tensor

from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor
from nstlib.images.files import to_jpeg
from nstlib.images.gallery import PHOTOS, STYLES, photo, style
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, StyleTarget, Weights
from nstlib.notebook.panels.mixture import in_words
from nstlib.optimization.search import OPTIMIZERS, Canvas, Step, optimization_steps
from nstlib.plots import PALETTE
from nstlib.settings import device

AS_THEY_ARE = {"flex": "0 0 auto", "align_items": "flex-start"}  # a box that does not squeeze its pictures
REFRESH = 0.3  # seconds between two pictures sent to the browser


AT_WORK: weakref.WeakSet[BackgroundTransfer] = weakref.WeakSet()  # two that paint at once would each take twice as long


class BackgroundTransfer:
    """A style transfer that runs in the background and can be stopped, continued and re-weighted while it runs.

    `content`, `style`: pictures (1, 3, H, W). `steps`: evaluations of each `go_on`. `report(painter)` is called from the
    thread, after the first evaluation, every `REFRESH` seconds and at the end.
    """

    def __init__(
        self,
        content: Tensor,
        style: Tensor,
        weights: Weights,
        *,
        steps: int,
        backbone: str = "auto",
        report: Callable[[BackgroundTransfer], None] = lambda painter: None,
    ):
        where = device()
        extractor = FeatureExtractor(backbone, (*CONTENT_LAYERS, *STYLE_LAYERS)).to(where)
        styles = [StyleTarget(style.to(where), gains=extractor.style_gains)]
        self.objective = StyleObjective(extractor, content.to(where), styles, weights=weights)
        self.canvas, self.optimiser = Canvas(content.to(where)), None
        self.weights, self.steps, self.report = weights, steps, report
        self.goal, self.picture, self.error = 0, content, None
        self.losses: list[tuple[float, float]] = []  # content and style of each evaluation, before their weights
        self.changes: list[int] = []  # evaluations at which the weights changed
        self._stopping, self._thread, self._reported = threading.Event(), None, 0.0

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive() and not self._stopping.is_set()

    def go_on(self) -> None:
        """Start or go on, for `steps` more evaluations; another one that paints, in a panel left behind, stops."""
        for one in list(AT_WORK):
            one.stop()
        AT_WORK.add(self)
        self._stopping.clear()
        self.goal = len(self.losses) + self.steps
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the present evaluation, and wait for it."""
        self._stopping.set()
        self.wait()

    def wait(self) -> None:
        """Wait until the thread is done."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        try:
            while len(self.losses) < self.goal and not self._stopping.is_set():
                self._renew()
                for step in optimization_steps(self.canvas, self.objective, self.optimiser, self.goal - len(self.losses)):
                    self._add(step)
                    if self._stopping.is_set() or self.weights != self.objective.weights:
                        break
        except Exception as error:  # noqa: BLE001 - a thread has no caller: the panel says what happened
            self.error = error
        finally:
            self._stopping.set()
            AT_WORK.discard(self)
            self.report(self)

    def _renew(self) -> None:
        """Other weights make another function, of which the curvature remembered so far says nothing."""
        if self.optimiser is None or self.weights != self.objective.weights:
            self.objective.weights = self.weights
            self.optimiser = OPTIMIZERS["lbfgs"](self.canvas.z)
            self.changes.append(len(self.losses))

    def _add(self, step: Step) -> None:
        weights = self.objective.weights
        content, style = float(step.losses["content"]), float(step.losses["style"])
        self.losses.append((content / (weights.content or 1), style / (weights.style or 1)))
        self.picture = step.canvas
        if time.monotonic() - self._reported > REFRESH:
            self.report(self)
            self._reported = time.monotonic()


class TransferPanel(ipywidgets.VBox):
    """The panel that `transfer_panel` returns; its controls are attributes, so that a test can press them."""

    def __init__(self, size: int, steps: int, photos: Sequence[str], styles: Sequence[str], backbone: str):
        self.size, self.steps, self.backbone, self.painter = size, steps, backbone, None
        self.photo = ipywidgets.Dropdown(options=photos, value=photos[0], description="photograph")
        self.style = ipywidgets.Dropdown(options=styles, value=styles[0], description="style")
        self.weight = ipywidgets.FloatLogSlider(
            value=Weights.style, min=-1, max=4, step=0.1, description="style weight", readout_format=".3g"
        )
        self.paint, self.stop, self.go_on = (
            ipywidgets.Button(description=name, disabled=name != "paint") for name in ("paint", "stop", "go on")
        )
        self.status = ipywidgets.Label("Choose, then press paint.")
        self.inputs = [ipywidgets.Image(format="jpeg", layout={"height": "90px"}) for _ in range(2)]
        self.picture = ipywidgets.Image(format="jpeg", layout={"height": "270px"})
        self.curve = ipywidgets.Image(format="png", layout={"height": "270px"})
        super().__init__(
            [
                ipywidgets.HBox([self.photo, self.style, self.weight]),
                ipywidgets.HBox([self.paint, self.stop, self.go_on, self.status]),
                ipywidgets.HBox([ipywidgets.VBox(self.inputs, layout=AS_THEY_ARE), self.picture, self.curve]),
            ]
        )
        self._listen()

    def _listen(self) -> None:
        self.paint.on_click(lambda _: self._paint())
        self.stop.on_click(lambda _: self.painter and self.painter.stop())
        self.go_on.on_click(lambda _: self._go_on())
        self.weight.observe(lambda _: self._reweight(), names="value")
        for choice in (self.photo, self.style):
            choice.observe(lambda _: self._show_inputs(), names="value")
        self._show_inputs()

    def _show_inputs(self) -> None:
        self.chosen = photo(self.photo.value, self.size), style(self.style.value, self.size)
        for image, widget in zip(self.chosen, self.inputs, strict=True):
            widget.value = to_jpeg(image)
        if self.painter is None:
            self.picture.value = self.inputs[0].value

    def _weights(self) -> Weights:
        return Weights(style=self.weight.value)

    def _paint(self) -> None:
        if self.painter is not None:
            self.painter.stop()
        try:
            self.painter = BackgroundTransfer(
                *self.chosen, self._weights(), steps=self.steps, backbone=self.backbone, report=self._show
            )
        except (NstError, MemoryError, RuntimeError) as error:
            self.status.value = in_words(error, self.chosen[0].shape[-2:])
            return
        self._go_on()

    def close(self) -> None:
        """Stop painting, and close the panel."""
        if self.painter is not None:
            self.painter.stop()
        super().close()

    def _go_on(self) -> None:
        self.painter.error = None
        self._buttons(running=True)  # before the thread starts: its last word is that it stopped
        self.painter.go_on()

    def _reweight(self) -> None:
        if self.painter is not None:
            self.painter.weights = self._weights()

    def _buttons(self, running: bool) -> None:
        self.stop.disabled, self.go_on.disabled = not running, running

    def _show(self, painter: BackgroundTransfer) -> None:
        """Called from the painter's thread."""
        if painter is not self.painter:
            return  # the last word of a painter that was replaced
        if painter.error is not None:
            self.status.value = in_words(painter.error, painter.picture.shape[-2:])
        elif painter.losses:
            state = "painting" if painter.running else "stopped"
            content, style_ = painter.losses[-1]
            self.status.value = (
                f"{state}: evaluation {len(painter.losses)} of {painter.goal}, content {content:.3f}, style {style_:.4f}"
            )
            self.picture.value, self.curve.value = to_jpeg(painter.picture), _curve(painter)
        self._buttons(painter.running)


def transfer_panel(
    size: int = 192,
    steps: int = 150,
    photos: Sequence[str] | None = None,
    styles: Sequence[str] | None = None,
    backbone: str = "auto",
) -> TransferPanel:
    """A panel that paints while you watch: choose a photograph and a style, press paint, drag the weight, stop, go on.

    `size`: pixels of the longer side. `steps`: evaluations of one "paint" or "go on". `photos`, `styles`: the names to
    choose from, all of them by default. The weight may be dragged while it paints.
    """
    return TransferPanel(size, steps, list(photos or PHOTOS), list(styles or STYLES), backbone)


def _curve(painter: BackgroundTransfer) -> bytes:
    """Both losses so far, before their weights, as a PNG; a thin line where the weight was changed."""
    figure = Figure(figsize=(4, 3), layout="constrained")  # not pyplot: that is not for threads
    axes = figure.subplots()
    for name, values, colour, line in zip(("content", "style"), zip(*painter.losses), PALETTE, ("-", "--"), strict=False):
        axes.plot(range(1, len(values) + 1), values, line, color=colour, label=name)
    for change in painter.changes[1:]:
        axes.axvline(change, color="grey", linewidth=0.8)
    axes.set(xlabel="evaluations", ylabel="relative loss", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()
