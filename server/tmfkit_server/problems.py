"""The one module that words errors for clients, as TMF error bodies (TMF630, error representation)."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import falcon
import falcon.asgi
import orjson

from tmfkit_server import errors
from tmfkit_server.outages import OUTAGE
from tmfkit_server.quotes import quoted

__all__ = ["Problem", "install", "wire_problem"]

_LOG = logging.getLogger(__name__)
_MOST_QUOTED = 200
_RETRY = {"Retry-After": "1"}
_LIST = "List the collection to see what there is."
# Nobody can list the listeners of a hub.
_TO_FIND_AN_ID = {"listener": "Use the id that its registration was answered with."}
_HTTP = "https://www.rfc-editor.org/rfc/rfc9110.html#section-"
# Codes of which a standard says what a client has to do, and where. Of bodies and queries the documents say it, which
# have no addresses for their sections: there the message names the register's row.
_REFERENCES = {
    "unauthenticated": "https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1",
    "method-not-allowed": f"{_HTTP}15.5.6",
    "not-acceptable": f"{_HTTP}12.5.1",
    "precondition-failed": f"{_HTTP}13.1",
    "wrong-media-type": f"{_HTTP}8.3",
    "wrong-encoding": f"{_HTTP}15.5.16",
    "timed-out": f"{_HTTP}15.5.9",
    "unreadable-body": "https://www.rfc-editor.org/rfc/rfc7493.html#section-2",
    "store-full": f"{_HTTP}10.2.3",
    "too-busy": f"{_HTTP}10.2.3",
    "too-many-requests": "https://www.rfc-editor.org/rfc/rfc6585.html#section-4",
    "store-unavailable": f"{_HTTP}10.2.3",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error answer.

    Attributes:
        status: HTTP status.
        code: Stable word for machines.
        reason: What is wrong, for people.
        message: Detail and what to do about it.
        headers: Headers that the status calls for.
    """

    status: int
    code: str
    reason: str
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the TMF error body; ``referenceError`` is there where one place says how to do better."""
        members = {"@type": "Error", "code": self.code, "reason": self.reason, "status": str(self.status)}
        if self.message:
            members["message"] = self.message
        if self.code in _REFERENCES:
            members["referenceError"] = _REFERENCES[self.code]
        return orjson.dumps(members)


def install(app: falcon.asgi.App[Any, Any]) -> None:
    """Make *app* answer every error with a TMF error body."""
    app.add_error_handler(Exception, _answer_unforeseen)
    app.add_error_handler(errors.ServerError, _answer)
    app.add_error_handler(falcon.HTTPError, _answer_framework)


def _problem_of(error: errors.ServerError) -> Problem:
    """Word *error*; what only operators may know stays out of the answer."""
    match error:
        case errors.NotAuthenticated():
            message = "Send a known key or token as Authorization: Bearer KEY, or a key as X-API-Key."
            return Problem(401, "unauthenticated", "A credential is needed.", message, {"WWW-Authenticate": "Bearer"})
        case errors.NotPermitted(roles=roles):
            return Problem(
                403, "forbidden", "The credential's role may not do this.", f"It takes the role {_either(roles)}."
            )
        case errors.UnknownId(kind=kind, identifier=identifier):
            reason = f"There is no {kind} {quoted(identifier)}."
            return Problem(404, "not-found", reason, _TO_FIND_AN_ID.get(kind, _LIST))
        case errors.NotAcceptable(produces=produces):
            return Problem(
                406,
                "not-acceptable",
                "The Accept header rules out every type there is.",
                f"Accept {_either(produces)}.",
            )
        case errors.Conflict(what=what):
            return Problem(409, "conflict", "The request conflicts with what is stored.", what)
        case errors.NotOffered(what=what):
            return Problem(501, "not-implemented", f"{what} is not implemented here.", "Leave it out.")
        case errors.NotSent():
            return _about_sending(error)
        case errors.PreconditionFailed():
            reason = "The resource is not what If-Match or If-None-Match asks for."
            message = "Read it again and decide anew; the answer's ETag is the one to send in If-Match."
            return Problem(412, "precondition-failed", reason, message)
        case errors.StoreError():
            return _about_store(error)
        case _:
            return _about_input(error)


def _about_sending(error: errors.NotSent) -> Problem:
    if error.goes_on:
        message = (
            f"It is stored as {quoted(error.identifier)} with the status InProgress, and the server goes on trying."
            " Read it to see how that ends; do not send it again."
        )
        return Problem(500, "not-sent-yet", "The channel has not taken the message yet.", message)
    message = f"It has failed for good and is stored as {quoted(error.identifier)}; send it by its id to try once more."
    return Problem(500, "not-sent", "The channel did not take the message.", message)


def _about_store(error: errors.StoreError) -> Problem:
    message = "Nothing was changed; try again later."
    match error:
        case errors.OutcomeUnknown():
            message = "Read it before you repeat the request: the change may have been kept."
            return Problem(503, "outcome-unknown", "The store did not confirm the change.", message, _RETRY)
        case errors.TooManyAnswers():
            reason = "Too many long answers wait for clients to take them."
            return Problem(503, "too-busy", reason, "Read those you asked for, or ask for fewer at a time.", _RETRY)
        case errors.TooBusy():
            reason = "Too many searches are under way."
            return Problem(503, "too-busy", reason, "Try again in a moment; searches by an index wait least.", _RETRY)
        case errors.StoreFull():
            return Problem(507, "store-full", "There is no room left to keep the change.", message, _RETRY)
        case _:
            return Problem(503, "store-unavailable", "The store cannot serve this now.", message, _RETRY)


def _about_input(error: errors.ServerError) -> Problem:
    match error:
        case errors.TooManyRequests(wait_seconds=seconds):
            headers = {"Retry-After": str(math.ceil(seconds))}
            return Problem(429, "too-many-requests", "Too many requests came.", "Send fewer a second.", headers)
        case errors.TooManyListeners(which=which, most=most):
            message = "Take one away before you register another."
            return Problem(429, "too-many-listeners", f"There are {most} listeners {which} already.", message)
        case errors.InvalidQuery(parameter=parameter, why=why):
            reason = f"The query parameter {quoted(parameter)} cannot be understood."
            return Problem(400, "invalid-query", reason, f"{why}.")
        case errors.KeyReused():
            message = "Repeat a request exactly as it was, or send a new one with a new key."
            return Problem(422, "key-reused", "The Idempotency-Key came with another body before.", message)
        case errors.InvalidHeader(name=name, why=why):
            return Problem(400, "invalid-header", f"The header field {quoted(name)} cannot be understood.", f"{why}.")
        case _:
            return _about_body(error)


def _about_body(error: errors.ServerError) -> Problem:
    match error:
        case errors.BodyTooLarge(limit_bytes=limit):
            return Problem(413, "body-too-large", f"The body has more than {limit} bytes.", "Send less at a time.")
        case errors.WrongMediaType(sent=sent, consumes=consumes):
            headers, reason = {"Accept": ", ".join(consumes)}, f"A body of type {quoted(sent)} is not taken."
            return Problem(415, "wrong-media-type", reason, f"Send {_either(consumes)}.", headers)
        case errors.WrongEncoding(sent=sent):
            reason, headers = f"A body coded as {quoted(sent)} is not taken.", {"Accept-Encoding": "identity"}
            return Problem(415, "wrong-encoding", reason, "Send it as it is.", headers)
        case errors.IncompleteBody(is_late=True):
            return Problem(408, "timed-out", "The body did not arrive in time.", "Nothing was changed; send it again.")
        case errors.IncompleteBody():
            return Problem(400, "incomplete-body", "The body did not arrive whole.", "Nothing was changed.")
        case errors.UnreadableBody(why=why):
            return Problem(400, "unreadable-body", "The body is not acceptable JSON.", f"{why}.")
        case errors.InvalidBody(violations=violations):
            listed = "; ".join(_worded(violation) for violation in violations)
            return Problem(400, "invalid-body", "The body breaks rules of the contract.", listed)
        case _:
            return _unforeseen()


def _worded(violation: errors.Violation) -> str:
    cited = f" [{violation.requirement}]" if violation.requirement else ""
    return f"{violation.pointer or 'the body'} {violation.what}{cited}"


def wire_problem(status: int, what: str) -> Problem:
    """Word what is refused before it is a request: *what* is wrong, shortened where it quotes a client."""
    reasons = {
        400: ("bad-request", "The request is malformed."),
        408: ("timed-out", "The request did not arrive in time."),
        414: ("target-too-long", "The target of the request is too long."),
        431: ("headers-too-large", "The header fields of the request are too large."),
        501: ("not-implemented", "The transfer coding is not implemented here."),
        503: ("too-busy", "The server has as many connections as it can."),
    }
    code, reason = reasons.get(status, ("internal-error", "The server failed to handle the request."))
    return Problem(status, code, reason, f"{what[:_MOST_QUOTED]}.", _RETRY if status == 503 else {})


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _unforeseen() -> Problem:
    return Problem(500, "internal-error", "The server failed to handle the request.", "Report it to the operator.")


def _set(resp: falcon.asgi.Response, problem: Problem) -> None:
    resp.status = problem.status
    # Those of an answer that was refused when it was ready.
    resp.delete_header("ETag")
    resp.data = problem.body()
    resp.content_type = falcon.MEDIA_JSON
    for name, value in problem.headers.items():
        resp.set_header(name, value)


async def _answer(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: errors.ServerError, _params: object
) -> None:
    if isinstance(error, errors.StoreError) and not isinstance(error, errors.TooBusy):
        OUTAGE.tell(_LOG, "store failed at %s %s: %s", req.method, req.path, error)
    _set(resp, _problem_of(error))
    if isinstance(error, errors.WrongMediaType) and req.method == "PATCH":
        # RFC 5789 §2.2
        resp.set_header("Accept-Patch", ", ".join(error.consumes))


async def _answer_framework(_req: object, resp: falcon.asgi.Response, error: falcon.HTTPError, _params: object) -> None:
    """Word what the framework itself refuses: unknown paths, methods that are not offered, malformed headers."""
    headers = dict(error.headers or {})
    match error.status_code:
        case 404:
            problem = Problem(404, "not-found", "Nothing is served at this path.", "See the contract for the paths.")
        case 405:
            allowed = headers.get("Allow", "")
            problem = Problem(
                405, "method-not-allowed", "The method is not offered here.", f"Use one of: {allowed}.", headers
            )
        case status:
            problem = Problem(status, "bad-request", error.title, error.description or "", headers)
    _set(resp, problem)


async def _answer_unforeseen(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, _params: object
) -> None:
    _LOG.error("unforeseen failure at %s %s", req.method, req.path, exc_info=error)
    _set(resp, _unforeseen())
