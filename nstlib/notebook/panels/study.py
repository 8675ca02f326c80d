"""Two pictures and a question in a notebook: a user study, and a taste that is learned. For ipywidgets 7.7 and 8.

`study_panel` shows the pairs of a schedule, blind, and writes each answer at once; who comes back goes on where they
stopped. `taste_panel` paints the pairs that a `TasteModel` proposes, learns from the answers, and paints what it learned.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.files import to_jpeg
from nstlib.judging.study import Question, Study
from nstlib.judging.taste import TasteModel, setting_name
from nstlib.optimization.search import stylize

QUESTION = "Which picture do you like better?"
SOONEST = 0.4  # seconds: an answer before that is the second half of a double click
ANSWERS = 25  # of a taste
QUALITY = 92  # of the JPEGs that are judged
Schedule = Sequence[Question] | Callable[[str], Sequence[Question]]
Pictures = Mapping[tuple[str, str], Tensor] | Callable[[str, str], Tensor]


class PairPanel(ipywidgets.VBox):
    """Two pictures, a question, three buttons and a line of text; `chosen(0 or 1 or None, seconds)` is called on a click."""

    def __init__(self, question: str, height: int, chosen: Callable[[int | None, float], None]):
        self.chosen, self._since, self._showing = chosen, 0.0, False
        self.soonest = SOONEST
        self.images = [
            ipywidgets.Image(format="jpeg", layout={"height": f"{height}px", "max_width": "48%", "object_fit": "contain"})
            for _ in range(2)
        ]
        names = ("left is better", "right is better", "I cannot tell")
        self.left, self.right, self.neither = self.buttons = [ipywidgets.Button(description=name) for name in names]
        for button, answer in zip(self.buttons, (0, 1, None), strict=True):
            button.on_click(lambda _, answer=answer: self._click(answer))
        self.progress = ipywidgets.IntProgress(min=0, layout={"width": "200px"})
        self.status = ipywidgets.Label()
        self.asking = ipywidgets.VBox([ipywidgets.Label(question), ipywidgets.HBox(self.images), ipywidgets.HBox(self.buttons)])
        super().__init__([self.asking, ipywidgets.HBox([self.progress, self.status])])
        self.hide()

    def show(self, left: Tensor, right: Tensor) -> None:
        """Show two pictures (1, 3, H, W), wait for a click, and start the clock."""
        for widget, picture in zip(self.images, (left, right), strict=True):
            widget.value = to_jpeg(picture, QUALITY)
            widget.layout.visibility = "visible"
        self.asking.layout.display = "flex"
        self._since, self._showing = time.monotonic(), True
        self._enable(True)

    def hide(self, for_good: bool = False) -> None:
        """Take the pictures away and the buttons out of use; `for_good`: and their place."""
        self._showing = False
        self._enable(False)
        self.asking.layout.display = "none" if for_good else "flex"
        for widget in self.images:
            widget.layout.visibility = "hidden"

    def say(self, text: str, done: int, of: int) -> None:
        """Write the line below, and move the bar to `done` of `of`."""
        self.status.value, self.progress.max, self.progress.value = text, of, done

    def _enable(self, yes: bool) -> None:
        for button in self.buttons:
            button.disabled = not yes

    def _click(self, answer: int | None) -> None:
        seconds = time.monotonic() - self._since
        if self._showing and seconds >= self.soonest:
            self.chosen(answer, seconds)


# ---------------------------------------------------------------- a study


class StudyPanel(ipywidgets.VBox):
    """The panel that `study_panel` returns; its parts are attributes, so that a test can press them."""

    def __init__(self, study: Study, schedule: Schedule, pictures: Pictures, person: str | None, question: str, height: int):
        self.study, self.pictures, self.person = study, pictures, None
        self._plan, self.schedule, self.question = schedule, [], None
        self.name = ipywidgets.Text(placeholder="your name or a nickname")
        self.begin = ipywidgets.Button(description="begin")
        self.begin.on_click(lambda _: self.start(self.name.value))
        self.pair = PairPanel(question, height, self._chosen)
        self.door = ipywidgets.HBox([self.name, self.begin])
        super().__init__([self.door, self.pair])
        if person is not None:
            self.start(person)

    def start(self, person: str) -> None:
        """Ask this person, from the first question that they have not answered."""
        self.person = person.strip()
        if not self.person:
            self.pair.say("Write a name or a nickname first: with it you can go on later.", 0, 1)
            return
        self.door.layout.display = "none"
        self.schedule = self._plan(self.person) if callable(self._plan) else self._plan
        self._next()

    def _next(self) -> None:
        self.pair.hide()
        try:
            self.question = self.study.next_question(self.person, self.schedule)
            if self.question is None:
                self.pair.hide(for_good=True)
                self.pair.say("That was the last question. Thank you!", len(self.schedule), len(self.schedule))
                return
            done = self.schedule.index(self.question)
            self.pair.say(f"question {done + 1} of {len(self.schedule)}", done, len(self.schedule))
            self.pair.show(*(self._picture(name) for name in (self.question.left, self.question.right)))
        except NstError as error:
            self.pair.say(f"Please tell whoever asked you: {error}", 0, 1)

    def _picture(self, method: str) -> Tensor:
        if callable(self.pictures):
            return self.pictures(self.question.item, method)
        if (self.question.item, method) not in self.pictures:
            raise NstError("pictures has not all of the schedule: expected a picture at each (item, method)")  # no name: blind
        return self.pictures[self.question.item, method]

    def _chosen(self, answer: int | None, seconds: float) -> None:
        question = self.question
        try:
            self.study.record(
                self.person, question, (question.left, question.right)[answer] if answer is not None else None, seconds
            )
        except NstError as error:
            self.pair.say(f"This answer was not written, press again: {error}", question.number, len(self.schedule))
            return
        self._next()


def study_panel(
    study: Study,
    schedule: Schedule,
    pictures: Pictures,
    person: str | None = None,
    *,
    question: str = QUESTION,
    height: int = 280,
) -> StudyPanel:
    """A panel that asks one person the questions of a schedule; nothing in it tells which method made which picture.

    `schedule`: of `plan_pairs`, or a function that makes one for a person's name. `pictures`: {(item, method): picture
    (1, 3, H, W)}, or a function of item and method. `person`: a name, or None to ask for it in the panel. `height`: pixels.
    """
    return StudyPanel(study, schedule, pictures, person, question, height)


# ---------------------------------------------------------------- a taste


class TastePanel(ipywidgets.VBox):
    """The panel that `taste_panel` returns; its parts are attributes, so that a test can press them."""

    def __init__(
        self,
        paint: Callable[[dict[str, float], int], Tensor],
        model: TasteModel,
        *,
        sizes: tuple[int, int],
        answers: int,
        record: Callable[[dict, dict, int | None, float], None],
    ):
        self.paint, self.model, self.sizes, self.answers, self.record = paint, model, sizes, answers, record
        self._painted: dict[tuple[str, int], Tensor] = {}
        self._thread: threading.Thread | None = None
        self.pair = PairPanel(QUESTION, 2 * sizes[0], self._chosen)
        self.finish = ipywidgets.Button(description="paint my picture", disabled=True)
        self.finish.on_click(lambda _: self._start(self._finish))
        self.picture = ipywidgets.Image(
            format="jpeg", layout={"height": f"{2 * sizes[1]}px", "max_width": "98%", "object_fit": "contain", "display": "none"}
        )
        self.said = ipywidgets.Label()
        super().__init__([self.pair, ipywidgets.HBox([self.finish, self.said]), ipywidgets.HBox([self.picture])])
        self._start(self._ask)

    def wait(self) -> None:
        """Wait until nothing is being painted."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join()

    def _start(self, work: Callable[[], None]) -> None:
        """Do it in a thread, so that the kernel goes on answering; one at a time, since every button waits for it."""
        self.pair.hide()
        self.finish.disabled = True
        self._thread = threading.Thread(target=self._guarded, args=(work,), name="taste", daemon=True)
        self._thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a thread has no caller: the panel says what happened
            self._say(f"{type(error).__name__}: {error}")
        self.finish.disabled = not self.model.answered

    def _say(self, text: str) -> None:
        self.pair.say(text, min(self.model.answered, self.answers), self.answers)

    def _ask(self) -> None:
        """The next pair; after enough answers, the picture."""
        if self.model.answered >= self.answers:
            self._finish()
            return
        self._say("painting the next two")
        self.proposed = self.model.propose()
        pictures = [self._make(setting, self.sizes[0]) for setting in self.proposed]
        self._say(f"pair {self.model.answered + 1} of {self.answers}")
        self.pair.show(*pictures)

    def _make(self, setting: dict[str, float], size: int) -> Tensor:
        key = (setting_name(setting), size)
        if key not in self._painted:
            self._painted[key] = self.paint(setting, size)
        return self._painted[key]

    def _chosen(self, answer: int | None, seconds: float) -> None:
        first, second = self.proposed
        if answer is None:
            self.model.tie(first, second)
        else:
            self.model.answer(*(first, second) if answer == 0 else (second, first))
        try:
            self.record(first, second, answer, seconds)
        except NstError as error:
            self.said.value = str(error)
        self._start(self._ask)

    def _finish(self) -> None:
        self._say("painting your picture")
        setting = self.model.best()
        self.picture.value = to_jpeg(self._make(setting, self.sizes[1]), QUALITY)
        self.picture.layout.display = "block"
        self.said.value = ", ".join(f"{name} {value:g}" for name, value in setting.items())
        self._say(f"your picture, after {self.model.answered} answers")
        if self.model.answered >= self.answers:
            self.pair.hide(for_good=True)
        else:
            self.pair.show(*(self._make(setting, self.sizes[0]) for setting in self.proposed))


def taste_panel(
    content: Tensor,
    style: Tensor,
    *,
    model: TasteModel | None = None,
    study: Study | None = None,
    person: str = "me",
    answers: int = ANSWERS,
    **options,
) -> TastePanel:
    """A panel that learns which settings of `stylize` a person likes for two pictures, by painting pairs and asking.

    `model`: what to learn with (default: a new one of the usual space). `study`: a file of its own that keeps the answers
    and gives them back after a restart. `answers`: questions in all. `options`: for `stylize`, with `size` (default 128),
    pixels of the pairs' longer side, `final_size` (256), of the picture at the end, and `steps` (60).
    """
    model = model or TasteModel()
    if study is not None:
        model.learn(study.answers(person))
    sizes = options.pop("size", 128), options.pop("final_size", 256)

    def paint(setting: dict[str, float], size: int) -> Tensor:
        return stylize(content, style, size=size, progress=False, **{"steps": 60} | options | setting).image

    def record(first: dict, second: dict, answer: int | None, seconds: float) -> None:
        if study is None:
            return
        names, number = (setting_name(first), setting_name(second)), len(study.answers(person))
        while not study.record(person, Question(number, "taste", *names), None if answer is None else names[answer], seconds):
            number += 1  # another window of this person was faster

    return TastePanel(paint, model, sizes=sizes, answers=answers, record=record)
