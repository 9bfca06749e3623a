"""Showing a page: its questions are asked side by side, and its template made of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from collector.dashboard.access import SignedIn, SignedInHandler
from collector.dashboard.frame import Frame
from collector.dashboard.keys import ASKER, CLOCK, SETTINGS, STORE
from collector.dashboard.pages import Page, Results, make_context, render
from collector.dashboard.responses import html
from collector.dashboard.store import Annotation
from collector.dashboard.view import View, csv_address, read_view
from collector.reports.answer import Answer
from collector.reports.question import Question
from collector.reports.reading import Asked, read_question

Questions = Mapping[str, Question]


def make_page_handler(page: Page) -> SignedInHandler:
    """GET of a page, for somebody who is signed in."""

    async def show(request: web.Request, person: SignedIn) -> web.Response:
        zone = request.app[SETTINGS].reports_time_zone
        view = read_view(page.name, request.query, zone, page.extras)
        questions = read_questions(request, page.ask(view))
        annotations = await list_annotations(request, questions.values())
        frame = await make_frame(request, person, annotations)
        return await show_page(request, page, view, questions, frame)

    return show


async def make_frame(
    request: web.Request, person: SignedIn, annotations: Sequence[Annotation] = ()
) -> Frame:
    """What stands around the numbers of somebody who is signed in."""
    return Frame(
        now=request.app[CLOCK](),
        person=person.name,
        csrf=person.csrf(),
        csv=lambda _key, asked: csv_address(asked),
        views=tuple(await request.app[STORE].list_views()),
        annotations=tuple(annotations),
    )


async def show_page(
    request: web.Request, page: Page, view: View, questions: Questions, frame: Frame
) -> web.Response:
    """A page with its numbers, but for panels that were not answered in time, which say so.

    Raises the error of the first where none was answered, and what asking raises.
    """
    asked = await request.app[ASKER].ask_each(list(questions.values()))
    results = dict(zip(questions, asked, strict=True))
    answers = {key: one for key, one in results.items() if isinstance(one, Answer)}
    failures = {key: one for key, one in results.items() if not isinstance(one, Answer)}
    if failures and not page.shows_something(answers):
        raise next(iter(failures.values()))
    context = make_context(page, view, Results(answers, failures), frame)
    return html(render(page.template, context))


def read_questions(request: web.Request, asked: Mapping[str, Asked]) -> dict[str, Question]:
    """The questions of texts, by the same keys. Raises QuestionError."""
    now, currency = request.app[CLOCK](), request.app[SETTINGS].reports_currency
    return {key: read_question(replace(one, currency=currency), now) for key, one in asked.items()}


async def ask_one(request: web.Request, asked: Asked) -> Answer:
    """The answer to one question of texts. Raises QuestionError, and as answer_one does."""
    [question] = read_questions(request, {"one": asked}).values()
    return await answer_one(request, question)


async def answer_one(request: web.Request, question: Question) -> Answer:
    """The answer to one question.

    Raises ReportTimeout, TooBusy, and what Asker.ask_each raises.
    """
    [answer] = await request.app[ASKER].ask_each([question])
    if not isinstance(answer, Answer):
        raise answer
    return answer


async def list_annotations(request: web.Request, questions: Iterable[Question]) -> list[Annotation]:
    """The notes of all days that the questions are about."""
    dates = [one.period.dates() for one in questions]
    if not dates:
        return []
    first, last = min(first for first, _ in dates), max(last for _, last in dates)
    return await request.app[STORE].list_annotations(first, last)
