"""TMF629 R14.5: tolerated readings."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from tmfkit_conformance.rules.queries import FILTER
from tmfkit_conformance.rules.refusals import SUB_MANDATORY
from tmfkit_conformance.rules.updates import PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.allowed.readings import (
    TAKEN,
    at_paths,
    dropping,
    having,
    in_turn,
    knows_alias_only,
    lacks,
    mapped,
    number,
    reading,
    refused_patch,
    refuses,
    shows,
    single,
    text,
    unless,
    without,
)
from tmfkit_conformance.selftest.catalogue.changes import (
    Thing,
    answered_at,
    is_about_hub,
    numeric_ids,
    of_answers,
    refusal,
    refusing,
    showing_all,
    within,
)
from tmfkit_conformance.selftest.history import History
from tmfkit_models import contracts

__all__ = ["CUSTOMER_V1"]

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_BALANCES: Final = frozenset({"receivableBalance", "customerAccountBalance"})
_PERIOD_ENDS: Final = having("validFor", startTime="2026-01-15T08:00:00Z", endTime="2027-01-15T08:00:00Z")


def _has_nameless_plan(body: Thing) -> bool:
    plans = body.get("paymentPlan")
    return isinstance(plans, list) and any(isinstance(plan, dict) and "id" not in plan for plan in plans)


def _empty_match_404(call: Call, answer: Answer, _: History) -> Answer:
    return refusal(404, "nothing matches") if call.action == "list" and answer.json == [] else answer


async def _plan_taken(call: Call, sound: Sound) -> Answer:
    """Give a plan that lacks it the mean that the sound application asks for."""
    plans = call.json.get("paymentPlan") if call.action == "patch" and isinstance(call.json, dict) else None
    if not isinstance(plans, list) or all("paymentMean" in plan for plan in plans if isinstance(plan, dict)):
        return await sound(call)
    mean = {"id": "45", "name": "My favourite card"}
    return await sound(call.with_json(within(call.json, "paymentPlan/*", lambda plan: {"paymentMean": mean, **plan})))


async def _created_without(call: Call, sound: Sound, resource: str, *names: str) -> Answer:
    """Not keep some attributes that a create of a resource has."""
    is_meant = call.action == "create" and call.operation is not None and call.operation.resource == resource
    if not is_meant or not isinstance(call.json, dict) or not set(names) & set(call.json):
        return await sound(call)
    return await sound(call.with_json({key: value for key, value in call.json.items() if key not in names}))


def _mean_unchangeable(call: Call, body: dict[str, Any]) -> str:
    is_mean = call.operation is not None and call.operation.resource == "paymentMean"
    fixed = {"bankAccount", "creditCard", "relatedParty", "paymentMeanType"} & set(body)
    return f"{min(fixed)} cannot be changed" if is_mean and fixed else ""


async def _slash_refused(call: Call, sound: Sound) -> Answer:
    return refusal(404, "no slash at the end") if call.path.endswith("/") else await sound(call)


async def _put_refused(call: Call, sound: Sound) -> Answer:
    answer = await sound(call)
    return refusal(501, "not offered") if call.method == "PUT" and answer.status == 405 else answer


async def _lenient(call: Call, sound: Sound) -> Answer:
    wrong = [name for name, value in call.parameters if name in ("limit", "offset") and not value.isdecimal()]
    return await sound(call.without_parameters(*wrong) if wrong else call)


async def _hubs_elsewhere(call: Call, sound: Sound, history: History) -> Answer:
    """Have the hubs at /hubs/RESOURCE, outside the base path."""
    if is_about_hub(call):
        return refusal(404, "nothing is here")
    if not call.path.startswith("/hubs/"):
        return await sound(call)
    contract = contracts.load("tmf629-v1")
    resource, _, identifier = call.path.removeprefix("/hubs/").partition("/")
    path = f"{contract.base_path}/{resource}/hub{f'/{identifier}' if identifier else ''}"
    answer = await answered_at(contract, path, call, sound, history)
    for name in ("Location", "Content-Location"):
        if value := answer.header(name):
            answer = answer.with_header(name, f"/hubs/{resource}/{urlsplit(value).path.rpartition('/')[2]}")
    return answer


def _exact_filters(call: Call, answer: Answer, _: History) -> Answer:
    """Compare texts of a filter to the letter."""
    if call.action != "list" or not isinstance(answer.json, list):
        return answer

    def fits(thing: Any) -> bool:
        texts = [(name, value) for name, value in call.parameters if isinstance(thing.get(name), str)]
        return all(thing[name] == value or "," in value or "T" in value for name, value in texts)

    found = [thing for thing in answer.json if fits(thing)]
    return answer if len(found) == len(answer.json) else answer.with_json(found)


async def _few_operators(call: Call, sound: Sound, _: History) -> Answer:
    """Know no operators but equality and gt."""
    others = (".gte", ".lt", ".lte", ".ne", ".regex", ".eq")
    if call.action == "list" and any(name.endswith(others) for name in call.names):
        return refusal(501, "no such operator")
    return await sound(call)


async def _tunnels_refused(call: Call, sound: Sound, _: History) -> Answer:
    """Refuse methods in disguise."""
    is_disguised = any("method" in name.lower() for name, _ in call.headers) or "_method" in call.names
    return refusal(400, "a method is what the request line says") if is_disguised else await sound(call)


async def _no_bare_days(call: Call, sound: Sound, _: History) -> Answer:
    """Refuse filters by bare days."""
    is_bare = call.action == "list" and any(_DAY.fullmatch(value) for _, value in call.parameters)
    return refusal(400, "an instant is meant") if is_bare else await sound(call)


CUSTOMER_V1: Final = (
    knows_alias_only(
        "v1-account-status",
        "knows accountStatus in references of customers",
        (("customerAccount/*", "status", "accountStatus"),),
        "TMF629V1-E01",
    ),
    knows_alias_only(
        "v1-mean-aliases",
        "knows type, iban and bic",
        (("", "paymentMeanType", "type"), ("bankAccount", "IBAN", "iban"), ("bankAccount", "BIC", "bic")),
        "TMF629V1-E03",
        "TMF629V1-E04",
    ),
    shows("v1-period-ends", "shows other names of the ends of a period beside", _PERIOD_ENDS, "TMF629V1-E06"),
    shows(
        "v1-party-beside",
        "shows party beside relatedParty",
        lambda thing: {**thing, "party": thing["relatedParty"]} if "relatedParty" in thing else thing,
        "TMF629V1-E07",
    ),
    refuses(
        "v1-party-by-both",
        "demands id and href of a related party",
        unless("relatedParty", lacks("id", "href"), "a party has id and href"),
        "TMF629V1-E08",
    ),
    shows(
        "v1-party-in-a-list",
        "shows relatedParty in a list",
        mapped("", "relatedParty", lambda value: [value] if isinstance(value, dict) else value),
        "TMF629V1-E09",
    ),
    shows(
        "v1-plan-with-description",
        "shows a description of the mean of a plan",
        having("paymentPlan/*/paymentMean", description="its mean"),
        "TMF629V1-E11",
    ),
    shows(
        "v1-account-for-accounts",
        "shows an object for a list of one account",
        mapped("customerAccountRelationship/*", "customerAccount", single),
        "TMF629V1-E12",
    ),
    reading(
        "v1-means-of-accounts-dropped",
        dropping("does not keep the means of an account", "", "paymentMean"),
        "TMF629V1-E14",
    ),
    refuses(
        "v1-element-ids",
        "demands ids of balances and plans",
        at_paths(("customerAccountBalance/*", "paymentPlan/*"), lacks("id"), "id is missing"),
        "TMF629V1-E16",
    ),
    reading(
        "v1-plan-without-mean-patched",
        Break("takes a patch of a plan without its mean", lambda call, sound, _: _plan_taken(call, sound)),
        "TMF629V1-E17",
    ),
    shows("v1-rank-as-number", "shows customerRank as a number", mapped("", "customerRank", number), "TMF629V1-E22"),
    shows(
        "v1-ratings-as-texts",
        "shows ratings as texts",
        in_turn(
            mapped("customerCreditProfile/*", "creditRiskRating", text),
            mapped("customerCreditProfile/*", "creditScore", text),
        ),
        "TMF629V1-E23",
    ),
    shows(
        "v1-open-ends",
        "shows an open end as an empty text",
        lambda thing: (
            {**thing, "validFor": {"endDateTime": "", **thing["validFor"]}}
            if isinstance(thing.get("validFor"), dict)
            else thing
        ),
        "TMF629V1-E26",
    ),
    shows("v1-status-new", "has a status that was not sent", having("", status="New"), "TMF629V1-E32"),
    reading(
        "v1-create-without-href",
        of_answers(
            "answers a create without href",
            lambda call, answer, _: (
                answer.with_json(without("", "href")(answer.json))
                if call.action == "create" and answer.is_success
                else answer
            ),
        ),
        "TMF629V1-E34",
    ),
    reading(
        "v1-own-hrefs-refused",
        refusing(
            "refuses an href that a client sends",
            lambda _, body: "href is the server's" if "href" in body else "",
            actions=("create",),
        ),
        "TMF629V1-E35",
    ),
    reading(
        "v1-balances-dropped",
        Break(
            "does not keep balances of a create",
            lambda call, sound, _: _created_without(call, sound, "customerAccount", *_BALANCES),
        ),
        "TMF629V1-E36",
        rules=TAKEN,
        whole=("tmf629-v1",),
        configuration={"phases": ["register", "coverage"]},
    ),
    reading(
        "v1-balances-refused",
        refusing(
            "refuses balances of a create",
            lambda _, body: next((f"{name} is read-only" for name in sorted(_BALANCES & set(body))), ""),
            actions=("create",),
        ),
        "TMF629V1-E36",
        whole=("tmf629-v1",),
    ),
    reading(
        "v1-balances-refused-without-a-name",
        refusing(
            "refuses balances of a create, and a payment plan without an id, and does not say which",
            lambda _, body: "not allowed" if _BALANCES & set(body) or _has_nameless_plan(body) else "",
            actions=("create",),
        ),
        "TMF629V1-E36",
        whole=("tmf629-v1",),
    ),
    reading(
        "v1-balances-not-patched",
        refused_patch("refuses to change balances", 400, *sorted(_BALANCES)),
        "TMF629V1-E36",
        rules=(PATCHABLE, SUB_MANDATORY),
    ),
    reading(
        "v1-mean-patched-little",
        refusing("lets little of a mean be changed", _mean_unchangeable, actions=("patch",)),
        "TMF629V1-E38",
        rules=(PATCHABLE,),
    ),
    reading(
        "v1-validity-dropped",
        Break(
            "does not keep validFor of a create",
            lambda call, sound, _: _created_without(call, sound, "paymentMean", "validFor"),
        ),
        "TMF629V1-E39",
        rules=TAKEN,
    ),
    reading("v1-empty-404", of_answers("answers 404 to a list without a match", _empty_match_404), "TMF629V1-E41"),
    reading(
        "v1-location-alone",
        of_answers(
            "says Location alone",
            lambda call, answer, _: answer.with_header("Content-Location", "") if call.action == "create" else answer,
        ),
        "TMF629V1-E51",
    ),
    reading(
        "v1-slash-refused",
        Break("refuses paths with a slash at the end", lambda call, sound, _: _slash_refused(call, sound)),
        "TMF629V1-E54",
    ),
    reading(
        "v1-put-501",
        Break("answers 501 to PUT on accounts", lambda call, sound, _: _put_refused(call, sound)),
        "TMF629V1-E58",
    ),
    reading(
        "v1-put-empty",
        of_answers(
            "answers a PUT without a body",
            lambda call, answer, _: Answer(200, ()) if call.action == "replace" and answer.is_success else answer,
        ),
        "TMF629V1-E59",
    ),
    reading(
        "v1-one-profile",
        showing_all("shows the profile in force alone", mapped("", "customerCreditProfile", lambda value: value[:1])),
        "TMF629V1-E73",
    ),
    shows(
        "v1-customer-of-account-bare",
        "loses rank, status and validity of the customer of an account",
        without("customer", "customerRank", "status", "validFor"),
        "TMF629V1-E79",
    ),
    reading(
        "v1-negative-limit",
        Break("passes over a parameter that cannot be understood", lambda call, sound, _: _lenient(call, sound)),
        "TMF629V1-E83",
    ),
    reading("v1-ids-as-numbers", numeric_ids(), "TMF629V1-E24"),
    reading(
        "v1-hubs-elsewhere",
        Break("has its hubs outside the base path", _hubs_elsewhere),
        "TMF629V1-E45",
        configuration={
            "hub_urls": {name: f"{{origin}}/hubs/{name}" for name in ("customer", "customerAccount", "paymentMean")}
        },
    ),
    reading(
        "v1-filters-to-the-letter",
        of_answers("compares texts of a filter to the letter", _exact_filters),
        "TMF629V1-E65",
        "TMF629V1-E64",
        rules=(FILTER,),
    ),
    reading("v1-no-bare-days", Break("refuses bare days in filters", _no_bare_days), "TMF629V1-E66"),
    reading("v1-few-operators", Break("knows few operators of filters", _few_operators), "TMF629V1-E72"),
    reading("tunnels-refused", Break("refuses methods in disguise", _tunnels_refused), "TMF629V1-E75", "TMF655-E59"),
)
