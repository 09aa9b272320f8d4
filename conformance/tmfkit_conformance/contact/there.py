"""Is an API there?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tmfkit_conformance.contact.no_api import decided, undecided
from tmfkit_conformance.contact.unreachable import unreachable
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.errors import TargetUnreachable
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.contact import ApiThere
from tmfkit_models.contracts import Operation, Resource

__all__ = ["REFUSED", "first_create", "first_look", "second_look"]

REFUSED: Final = "the target refuses the credentials: every first request is answered 401 or 403"

_FIRST_SHARE: Final = 0.8
"""How much of the longest wait the first request may take; the rest is for a second try."""


def first_look(session: Session, resources: Sequence[Resource]) -> list[Exchange]:
    """Read every collection and hub; end the run where the credentials are refused.

    Args:
        session: The session.
        resources: The resources that the run is about.

    Returns:
        The reads of the collections.

    Raises:
        TargetUnreachable: There was no answer.
        NoApi: What answered is no API.
    """
    contract, url = session.contract, session.settings.base_url
    answers: list[Exchange] = []
    left, share = session.settings.timeout_seconds, _FIRST_SHARE
    for operation in _collections(session, resources):
        with session.hurrying(left * share):
            answers.append(session.request("GET", session.address_of(operation), ApiThere.GET.of(operation.path)))
        if answers[-1].response is None:
            left, share = left * (1 - share), 1.0
        if answers[-1].response is None and (len(answers) > 1 or "ConnectError" in answers[-1].error):
            break
    served = [exchange for exchange in answers if exchange.response]
    if not served:
        raise unreachable(url, answers[0])
    listed = served[: len(resources)]
    if found := decided(contract, url, listed):
        raise found
    if all(exchange.status in (401, 403) for exchange in served):
        session.watch.end(REFUSED)
    return listed


def first_create(session: Session, resource: Resource) -> Exchange:
    """Create the smallest thing of a resource."""
    return session.call(
        "create",
        ApiThere.CREATE.of(resource.collection),
        body=session.payloads_of(resource.name).minimal(),
        resource=resource.name,
    )


def second_look(session: Session, listed: Sequence[Exchange], made: Iterable[Exchange]) -> None:
    """See whether something was made, or is told apart from what is not there.

    Args:
        session: The session.
        listed: Reads of the collections.
        made: Creates.

    Raises:
        TargetUnreachable: The target does not answer any more.
        NoApi: Nothing was listed or told apart, and nothing could be made.
    """
    creates = list(made)
    if any(exchange.is_success and exchange.identifier for exchange in creates):
        return
    resource = session.contract.resources[0]
    step = ApiThere.UNKNOWN.of(resource.collection)
    unknown = session.request("GET", session.item_url(session.unused_id(), resource.name), step)
    if unknown.response is None and any(exchange.response is None for exchange in creates):
        lost = next(exchange for exchange in creates if exchange.response is None)
        path = session.contract.operation(lost.operation).path
        raise TargetUnreachable(
            session.settings.base_url,
            f"it answered until POST {path} (exchange {lost.sequence}), and nothing since ({unknown.error})",
            "Look at what the server says of this request, and start it again",
        )
    is_listed = any(exchange.is_success and _is_json(exchange) for exchange in listed)
    if is_listed and (unknown.is_refusal or unknown.speaks_of_caller):
        return
    # A list need not be offered: then a body that is objected to, and an id that nothing has, are told apart as well.
    if unknown.is_gone and _is_json(unknown) and any(map(_is_objection, creates)):
        return
    raise undecided(session.contract, session.settings.base_url, [*listed, *creates, unknown])


def _is_json(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.is_json


def _is_objection(create: Exchange) -> bool:
    """Say whether a create was answered with an error about the body."""
    return create.status in (400, 409, 422) and _is_json(create)


def _collections(session: Session, resources: Sequence[Resource]) -> list[Operation]:
    """Return what is read: the lists of the resources, then their hubs, each address once.

    A hub that lies below a collection is left out: a target may take its path for that of a record (TMF629V1-E46).
    """
    found = [session.contract.action("list", resource.name) for resource in resources]
    hubs = [session.contract.action("register", resource.name) for resource in resources]
    below = tuple(f"{resource.collection}/" for resource in session.contract.resources)
    found += [hub for hub in hubs if hub and not hub.path.startswith(below)]
    return list({session.address_of(operation): operation for operation in found if operation}.values())
