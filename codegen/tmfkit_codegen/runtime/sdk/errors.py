# ruff: noqa: N818 - the names say what happened; all of them are errors
"""Everything that a call can raise, beside ``ValueError`` for what is refused before anything is sent.

```
TmfError
├── NoAnswer                  nothing came back, or not all of it
│   ├── Timeout
│   └── ConnectionLost
├── Unreadable                an answer that is not what the contract says, as a whole
├── Malformed                 one attribute of it that is not
├── NotSelected               an attribute that was not asked for is read
├── Uncertain                 refused after a repetition: the first attempt may have done it
├── NotGenuine                a notification without a valid signature
└── ApiError                  the server answered with an error
    ├── BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404 · Conflict 409
    ├── PreconditionFailed 412 · Unprocessable 422 · RateLimited 429
    └── ServerError 500 to 599
```
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .error_bodies import ErrorBody, error_body

if TYPE_CHECKING:
    from .answers import Request, Response

__all__ = [
    "ApiError",
    "BadRequest",
    "Conflict",
    "ConnectionLost",
    "Forbidden",
    "Malformed",
    "NoAnswer",
    "NotFound",
    "NotGenuine",
    "NotSelected",
    "PreconditionFailed",
    "RateLimited",
    "ServerError",
    "Timeout",
    "TmfError",
    "Unauthorized",
    "Uncertain",
    "Unprocessable",
    "Unreadable",
    "api_error",
]


class TmfError(Exception):
    """Any failure of a call; ``str()`` says where, what, and what to do where something can be done."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Restore the attributes without calling the constructor, so that every error survives pickling."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[TmfError], args: tuple[Any, ...], state: dict[str, Any]) -> TmfError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _times(attempts: int) -> str:
    return f" (after {attempts} attempts)" if attempts > 1 else ""


class NoAnswer(TmfError):
    """The server gave no answer, or broke off in the middle of one.

    Attributes:
        request: What was sent, or was to be.
        attempts: How many times it was tried.
        sent: False when nothing has reached the server, True when it had the whole request, None when nobody knows.
    """

    def __init__(self, problem: str, *, request: Request, sent: bool | None, attempts: int = 1) -> None:
        self.request, self.sent, self.attempts = request, sent, attempts
        fate = {False: "nothing was sent", True: "the request was sent", None: "the request may have been sent"}[sent]
        super().__init__(f"{request.method} {request.url}: no status: {problem}; {fate}{_times(attempts)}")


class Timeout(NoAnswer):
    """The answer did not come in time."""


class ConnectionLost(NoAnswer):
    """The connection could not be made, or broke."""


def _place(response: Response | None) -> str:
    if response is None:
        return ""
    return f"{response.request.method} {response.request.url}: {response.status}: "


class Unreadable(TmfError):
    """An answer, a list of pages or a notification is as a whole not what it has to be.

    Attributes:
        problem: What is wrong.
        response: The answer; None for what is no answer.
    """

    def __init__(self, problem: str, *, response: Response | None = None) -> None:
        self.problem, self.response = problem, response
        super().__init__(f"{_place(response)}{problem}")

    @property
    def request(self) -> Request | None:
        """What was answered."""
        return self.response.request if self.response is not None else None


class Malformed(TmfError):
    """An attribute is not what the contract says; the others can be read.

    Attributes:
        path: Where it stands, ``customer.engagedParty``.
        problem: What is wrong with it.
        response: The answer that it came in, if it came in one.
    """

    def __init__(self, path: str, problem: str, *, response: Response | None = None) -> None:
        self.path, self.problem, self.response = path, problem, response
        super().__init__(f"{path}: {problem}{_came_in(response)}")


class NotSelected(TmfError):
    """An attribute is read that ``fields`` did not ask for.

    Attributes:
        path: Where it would stand.
        fields: What was asked for.
        response: The answer that the object came in.
    """

    def __init__(self, path: str, fields: Sequence[str], *, response: Response | None = None) -> None:
        self.path, self.fields, self.response = path, tuple(fields), response
        asked = ",".join(self.fields)
        super().__init__(f"{path}: not among the fields asked for ({asked}); add it to fields{_came_in(response)}")


def _came_in(response: Response | None) -> str:
    if response is None:
        return ""
    return f" (in the answer {response.status} to {response.request.method} {response.request.url})"


class NotGenuine(TmfError):
    """A notification has no valid signature, or one from another time."""


class _Answered(TmfError):
    """A failure that an answer tells of.

    Attributes:
        request: What was sent.
        response: What came back.
        attempts: How many times it was sent.
    """

    response: Response

    @property
    def request(self) -> Request:
        """What was sent."""
        return self.response.request

    @property
    def attempts(self) -> int:
        """How many times it was sent."""
        return self.response.attempts


class Uncertain(_Answered):
    """A condition failed (412) when the request was repeated: an earlier attempt may have made the change itself."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__(
            f"{_place(response)}the condition failed after {response.attempts} attempts, and an earlier one may "
            "have made the change; read the resource again before you decide"
        )


class ApiError(_Answered):
    """The server answered with an error.

    Attributes:
        status: Status of the answer.
        code: Code that the server gives the error.
        reason: Why, in the server's words.
        message: More of the same.
        reference_error: Address of an explanation.
        body: The whole body: JSON where it is JSON, else its text.
        retry_after: Seconds after which the server wants to be asked again.
    """

    def __init__(self, response: Response, *, retry_after: float | None = None) -> None:
        self.response, self.status, self.retry_after = response, response.status, retry_after
        found = error_body(response.content, response.headers.get("content-type", ""))
        self.code, self.reason, self.message = found.code, found.reason, found.message
        self.reference_error, self.body = found.reference_error, found.body
        super().__init__(_told(response, found, retry_after))


def _told(response: Response, found: ErrorBody, retry_after: float | None) -> str:
    request = response.request
    text = f"{request.method} {request.url}: {response.status} {_phrase(response.status)}".rstrip()
    if 300 <= response.status < 400 and "location" in response.headers:
        text += f": a redirect that is not followed, to {response.headers['location']}"
    if found.words:
        text += f": {found.words}"
    if retry_after is not None:
        text += f"; to be asked again in {retry_after:g} s"
    return text + _times(response.attempts)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class BadRequest(ApiError):
    """400: the request is not what the server takes."""


class Unauthorized(ApiError):
    """401: the credentials are missing or not valid."""


class Forbidden(ApiError):
    """403: the credentials do not allow this."""


class NotFound(ApiError):
    """404: there is no such resource."""


class Conflict(ApiError):
    """409: the state of the resource does not allow this."""


class PreconditionFailed(ApiError):
    """412: the resource has changed since it was read."""


class Unprocessable(ApiError):
    """422: the request is well formed and makes no sense."""


class RateLimited(ApiError):
    """429: too many requests."""


class ServerError(ApiError):
    """500 to 599: the server failed."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: Unprocessable,
    429: RateLimited,
}


def api_error(response: Response, *, retry_after: float | None = None) -> ApiError:
    """Return the error that the status of *response* stands for."""
    kind = ServerError if response.status >= 500 else _BY_STATUS.get(response.status, ApiError)
    return kind(response, retry_after=retry_after)
