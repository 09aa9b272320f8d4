"""The course of a call, without I/O: a generator that says what to do next and is told what came of it.

``conduct`` yields `Send`, `Pause` and `Renew`, which a driver does, plain or async. So both kinds of clients act alike.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from .answers import Headers, Request, Response
from .auth import Auth, RenewableAuth, TokenRequest
from .calls import Call, Options
from .errors import ApiError, ConnectionLost, NoAnswer, Timeout, TmfError, Uncertain, Unreadable, api_error
from .retries import Failure, Retries, retry_after_seconds
from .settings import Pairs, Settings, query_pairs, seconds

__all__ = ["Lost", "Pause", "Renew", "Send", "Step", "Steps", "conduct", "token_exchange"]

T = TypeVar("T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_OPTIONS = frozenset(Options.__annotations__)


class Send:
    """Send a request, and give back the `Response`, or `Lost`.

    Attributes:
        request: What to send.
        pairs: Its headers, credentials left out.
        auth: Adds the credentials.
        number: Number of the attempt.
        seconds: How long it may take; None for no end.
        content: The body, which for secrets is not that of *request*.
        credentials: Headers that carry the credentials; filled when it is sent.
    """

    __slots__ = ("auth", "content", "credentials", "number", "pairs", "request", "seconds")

    def __init__(
        self, request: Request, pairs: Pairs, auth: Auth | None, number: int, seconds: float | None, content: bytes
    ) -> None:
        self.request, self.pairs, self.auth = request, pairs, auth
        self.number, self.seconds, self.content = number, seconds, content
        self.credentials: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait.

    Attributes:
        seconds: How long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Renew:
    """Have credentials for the next attempt, and give back None, or `Lost`.

    Attributes:
        refused: Headers with those that the server has refused; empty for none.
        deadline: Monotonic time at which the call ends; None for no end.
    """

    refused: dict[str, str]
    deadline: float | None

    def left(self) -> float | None:
        """Return how many seconds there are; None for no end."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, slots=True)
class Lost:
    """What came of a request that got no whole answer.

    Attributes:
        problem: What happened.
        sent: Whether the request reached the server; None when that is not known.
        in_time: False when the time was over.
        cause: The error of the HTTP library.
    """

    problem: str
    sent: bool | None
    in_time: bool
    cause: BaseException | None = None

    def error(self, request: Request, attempts: int) -> NoAnswer:
        """Return the error that a caller gets."""
        kind = ConnectionLost if self.in_time else Timeout
        error = kind(self.problem, request=request, sent=self.sent, attempts=attempts)
        error.__cause__ = self.cause
        return error


Step: TypeAlias = Send | Pause | Renew
Steps: TypeAlias = Generator[Step, Any, T]


@dataclass(slots=True)
class _Plan:
    """What a call sends, and how long it goes on trying."""

    method: str
    url: str
    pairs: Pairs
    content: bytes
    auth: Auth | None
    retries: Retries
    is_protected: bool
    deadline: float | None

    def left(self) -> float | None:
        return None if self.deadline is None else self.deadline - time.monotonic()

    def attempt(self, number: int) -> Send:
        limits = [each for each in (self.left(), self.retries.attempt_seconds) if each is not None]
        request = Request(self.method, self.url, Headers(self.pairs), self.content)
        return Send(request, self.pairs, self.auth, number, max(0.001, min(limits)) if limits else None, self.content)

    def reading(self, url: str) -> _Plan:
        """Return the plan of reading *url*, which completes this one in the time that is left."""
        kept = [pair for pair in self.pairs if pair[0] not in {b"content-type", b"if-match", b"idempotency-key"}]
        return _Plan("GET", url, kept, b"", self.auth, self.retries, is_protected=False, deadline=self.deadline)


def _planned(settings: Settings, call: Call[Any]) -> _Plan:
    options: Options = call.options or {}
    if not isinstance(options, Mapping):
        raise ValueError(f"options is {options!r}; a mapping is wanted")  # noqa: TRY004 - one error before anything is sent
    if unknown := options.keys() - _OPTIONS:
        raise ValueError(f"{', '.join(sorted(unknown))}: no such option; there are {', '.join(sorted(_OPTIONS))}")
    query: Sequence[tuple[str, str]] = call.query
    if settings.query or "query" in options:
        query = [*settings.query, *call.query, *query_pairs(options.get("query"))]
    pairs = settings.request_headers(call, options)
    limit = seconds(options["timeout"]) if "timeout" in options else settings.timeout
    return _Plan(
        call.method,
        settings.address.url(call.path, query),
        pairs,
        call.content or b"",
        settings.auth,
        Retries.of(options["retries"]) if "retries" in options else settings.retries,
        is_protected=_is_protected(call.method, pairs),
        deadline=None if limit is None else time.monotonic() + limit,
    )


def _is_protected(method: str, pairs: Pairs) -> bool:
    if method not in {"POST", "PATCH"}:
        return False
    tag = b"if-match" if method == "PATCH" else b""
    # Any tag at all, ``*``, is there after the change too.
    return any(name == b"idempotency-key" or (name == tag and value != b"*") for name, value in pairs)


def conduct(settings: Settings, call: Call[T]) -> Steps[T]:
    """Take a call from its first request to its result.

    Raises:
        TmfError: It failed.
        ValueError: It is not sent at all.
    """
    plan = _planned(settings, call)
    if settings.renews:
        yield from _renewed(plan, {}, plan.attempt(1))
    response = yield from _answered(plan, settings)
    if call.has_body and not response.content.strip():
        response = yield from _completed(call, plan, settings, response)
    return call.decode(response)


def _answered(plan: _Plan, settings: Settings) -> Steps[Response]:
    """Send until there is a success, or no hope of one."""
    number, may_have_acted, redirects, is_renewed = 1, False, 0, False
    while True:
        outcome: Response | Lost = yield (sending := plan.attempt(number))
        if isinstance(outcome, Response):
            status = outcome.status
            if 200 <= status < 300:
                return outcome
            if number > 1 and status in {404, 410} and plan.method == "DELETE":
                return outcome
            if may_have_acted and (status == 412 or (status == 409 and plan.method == "POST")):
                raise Uncertain(outcome)
            target = _redirected(plan, settings, outcome)
            if target is not None and redirects < _MOST_REDIRECTS:
                plan.url, redirects = target, redirects + 1
                continue
            if status == 401 and not is_renewed and isinstance(plan.auth, RenewableAuth):
                is_renewed = True
                yield from _renewed(plan, sending.credentials, sending)
                continue
            wait = retry_after_seconds(outcome.headers, now=datetime.now(UTC)) if status >= 400 else None
            failure, error = Failure(status, retry_after=wait), None
        else:
            failure, error = Failure(sent=outcome.sent), outcome.error(sending.request, number)
        pause = plan.retries.next(
            failure,
            method=plan.method,
            attempt=number,
            is_protected=plan.is_protected,
            seconds_left=plan.left(),
            chance=random.random(),  # noqa: S311 - a pause is no secret
        )
        if pause is None:
            raise error if error is not None else _refused(outcome, failure)
        may_have_acted = may_have_acted or failure.may_have_acted
        number += 1
        yield Pause(pause)


def _renewed(plan: _Plan, refused: dict[str, str], sending: Send) -> Steps[None]:
    """Have credentials; raise the error of a call that is not sent when there are none in time."""
    lost: Lost | None = yield Renew(refused, plan.deadline)
    if lost is not None:
        raise lost.error(sending.request, sending.number)


def _refused(outcome: Response | Lost, failure: Failure) -> ApiError:
    assert isinstance(outcome, Response)
    return api_error(outcome, retry_after=failure.retry_after)


def _redirected(plan: _Plan, settings: Settings, response: Response) -> str | None:
    if response.status not in _REDIRECTS or plan.method != "GET":
        return None
    location = response.headers.get("location")
    return settings.address.redirected(plan.url, location) if location else None


def _completed(call: Call[T], plan: _Plan, settings: Settings, response: Response) -> Steps[Response]:
    """Read what a success without a body has made or changed."""
    location = response.headers.get("location")
    url = settings.address.found(plan.url, location) if location else None
    if url is None and call.reread:
        url = plan.url
    if url is None:
        elsewhere = f", and its Location leads elsewhere: {location}" if location else ""
        raise Unreadable(f"the answer has no body{elsewhere}", response=response)
    try:
        found = yield from _answered(plan.reading(url), settings)
    except TmfError as error:
        raise Unreadable(
            f"done, but the answer has no body, and reading it failed: {error}", response=response
        ) from error
    if not found.content.strip():
        raise Unreadable("the answer has no body", response=found)
    return found


def token_exchange(settings: Settings, wanted: TokenRequest, deadline: float | None) -> Steps[Response]:
    """Take the request for a token to its answer; it is sent to its own address, with its own credentials."""
    pairs = [pair for pair in settings.plain if pair[0] == b"user-agent"]
    pairs += [(name.encode(), value.encode()) for name, value in wanted.headers.items()]
    auth = _Once(wanted.secret_headers)
    plan = _TokenPlan(
        "POST", wanted.url, pairs, wanted.content, auth, settings.retries, is_protected=True, deadline=deadline
    )
    return (yield from _answered(plan, settings))


class _TokenPlan(_Plan):
    """A plan whose body is secret."""

    def attempt(self, number: int) -> Send:
        sending = super().attempt(number)
        sending.request = Request(self.method, self.url, Headers(self.pairs))
        return sending


@dataclass(frozen=True, slots=True, repr=False)
class _Once:
    """Credentials of one request."""

    secret_headers: dict[str, str]

    def headers(self) -> dict[str, str]:
        return self.secret_headers
