"""Rules on selection, filters, sorting and pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from tmfkit_conformance.rules.members import Members, absent, part
from tmfkit_conformance.rules.operations import CreateFull
from tmfkit_conformance.rules.planning import alone, shared
from tmfkit_conformance.rules.probes import Facts, Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import SHOWN, STARTS
from tmfkit_conformance.rules.rule import NOTHING, Kind, scenario, tolerating

__all__ = [
    "ALL_WITHOUT_FIELDS",
    "CREATED_IS_LISTED",
    "CREATED_ONCE",
    "FIELDS",
    "FIELDS_WHOLE_ATTRIBUTE",
    "FIELDS_WITH_FILTER",
    "FILTER",
    "FILTERS_COMBINE",
    "FILTER_BY_DAY",
    "FILTER_LOOSE",
    "FILTER_WITHOUT_MATCH",
    "NOT_A_RESOURCE",
    "PAGING",
    "READS_ONE_OBJECT",
    "READ_IS_SAFE",
    "SORT",
    "TRAILING_SLASH",
    "Among",
    "CreatedIsListed",
    "CreatedOnce",
    "Fields",
    "FieldsExpectation",
    "FieldsWholeAttribute",
    "FieldsWithFilter",
    "Filter",
    "FilterByDay",
    "FilterExpectation",
    "FilterLoose",
    "FilterWithoutMatch",
    "FiltersCombine",
    "NotAResource",
    "Operator",
    "OrForm",
    "Page",
    "ReadIsSafe",
    "ReadsOneObject",
    "SelectedFrom",
    "Sort",
    "TrailingSlash",
]


@dataclass(frozen=True, slots=True)
class SelectedFrom(Facts):
    """What was selected from.

    Attributes:
        full: Whether it was a record with everything.
        names: The attributes that were selected, each in its turn.
    """

    full: bool
    names: list[str]


class Fields(Probe, name="fields", facts=SelectedFrom):
    """Creates with what is selected; selects the subject, or each attribute in turn when the subject is ``*``.

    Then the record has everything, or little where that is refused; of a list no more than one object or array is
    selected that a small record has not. A list in which the record is not found is asked for it by its id, and without
    a selection.
    """

    FULL = Step("create-full")
    CREATE = Step("create")
    WHOLE = Step("whole")
    SELECT = StepFamily("select:{}")
    SELECT_BY_ID = StepFamily("select-by-id:{}")
    LISTED = Step("listed")


@dataclass(frozen=True, slots=True)
class FieldsExpectation(Members):
    """Attributes that are selected beside the subject."""

    also: tuple[str, ...] = field(default=(), metadata=absent("nothing else is selected"))


FIELDS: Final = Kind(
    "fields",
    given=NOTHING,
    expect=part(FieldsExpectation),
    words="a selection of attributes is asked for; the answer has to have these and no others",
    plan=shared(Fields),
)


@dataclass(frozen=True, slots=True)
class Among(Facts):
    """Where the value stands that a condition asks for.

    Attributes:
        others: Whether it is that of the second of two members of a list.
    """

    others: bool


class Filter(Probe, name="filter", facts=Among):
    """Creates records that differ in the subject, lists with a condition that some of them satisfy.

    Where the subject is within a list, the value that is asked for is that of its second member; of its only one where
    two are refused.
    """

    AMONG = Step("create-a-among")
    CREATE = StepFamily("create-{}", ("a", "b", "c"))
    READ = StepFamily("read-{}", ("a", "b", "c"), SHOWN)
    LIST = Step("list")


Operator = Literal["eq", "gt", "gte", "lt", "lte", "regex"]
OrForm = Literal["or-comma", "or-repeat"]


@dataclass(frozen=True, slots=True)
class FilterExpectation(Members):
    """The condition that a list is filtered by.

    Attributes:
        operator: How a value is compared.
        form: How two values are given of which one has to match.
    """

    operator: Operator
    form: OrForm | None = field(default=None, metadata=absent("the condition has one value"))

    def fault(self) -> str:
        """Return what is wrong with the members together; empty when nothing is."""
        is_fit = self.form is None or self.operator == "eq"
        return "" if is_fit else "has `form` with the operator `eq`, and with no other"


FILTER: Final = Kind(
    "filter",
    given=NOTHING,
    expect=part(FilterExpectation),
    words="records that match and others are made; the answer has to have the first and not the second",
    plan=alone(Filter, Filter.LIST),
)


class Sort(Probe, name="sort", alone="records"):
    """Creates two records that differ in the subject, lists sorted both ways."""

    CREATE = StepFamily("create-{}", ("a", "b"))
    LIST = Step("list")
    DESCENDING = Step("descending")


SORT: Final = Kind(
    "sort",
    given=NOTHING,
    expect=NOTHING,
    words="records are made and asked for in order",
    plan=shared(Sort, Sort.LIST),
)


class Page(Probe, name="page", alone="records"):
    """Creates two records, asks for a page."""

    CREATE = StepFamily("create-{}", ("a", "b"), STARTS)
    WHOLE = Step("whole")
    PAGE = Step("page")


PAGING: Final = Kind(
    "paging",
    given=NOTHING,
    expect=NOTHING,
    words="a page is asked for",
    plan=shared(Page, Page.PAGE),
)


class CreatedIsListed(Probe, name="created-is-listed", alone="records"):
    """Lists all pages, creates three that differ in one text, lists again; by its id where the list is too long."""

    BEFORE = Step("before")
    BESIDE = StepFamily("beside-{}", ("a", "b"))
    CREATE = Step("create")
    LIST = Step("list")
    BY_ID = Step("by-id")
    BESIDE_BY_ID = StepFamily("beside-{}, by its id", ("a", "b"))


class CreatedOnce(Probe, name="created-once", alone="records"):
    """Creates with a value found nowhere else, lists what has it, creates the same again."""

    CREATE = Step("create")
    LIST = Step("list")
    SECOND = Step("second")


class ReadIsSafe(Probe, name="read-is-safe"):
    """Reads twice."""

    CREATE = Step("create")
    FIRST = Step("first")
    SECOND = Step("second")


class ReadsOneObject(Probe, name="reads-one-object"):
    """Creates two, reads each."""

    CREATE = StepFamily("create-{}", ("a", "b"))
    READ = StepFamily("read-{}", ("a", "b"))


class TrailingSlash(Probe, name="trailing-slash"):
    """Reads with and without a slash at the end of the path."""

    CREATE = Step("create", STARTS)
    READ = Step("read")
    SLASH = Step("slash")


class NotAResource(Probe, name="not-a-resource"):
    """Reads a path that is no resource, beside one that is."""

    CONTROL = Step("control")
    READ = Step("read")


class FilterByDay(Probe, name="filter-by-day"):
    """Creates with an instant, lists with the day before it and the day after it."""

    CREATE = Step("create")
    BEFORE = Step("before")
    AFTER = Step("after")


class FilterLoose(Probe, name="filter-loose"):
    """Creates with a text, lists with the text in double quotes and in the other letter case."""

    CREATE = Step("create")
    LIST = Step("list")


class FieldsWithFilter(Probe, name="fields-with-filter"):
    """Creates, lists by id with a selection."""

    CREATE = Step("create")
    LIST = Step("list")


class FiltersCombine(Probe, name="filters-combine"):
    """Creates two that share one value; lists by this value and an id."""

    CREATE = StepFamily("create-{}", ("a", "b"))
    BOTH = Step("both")
    LIST = Step("list")


class FilterWithoutMatch(Probe, name="filter-without-match"):
    """Lists without a condition, and with one that nothing satisfies."""

    CREATE = Step("create", STARTS)
    CONTROL = Step("control")
    LIST = Step("list")


class FieldsWholeAttribute(Probe, name="fields-whole-attribute"):
    """Creates with the subject, selects it."""

    CREATE = Step("create")
    WHOLE = Step("whole")
    READ = Step("read")


CREATED_IS_LISTED: Final = scenario("created-is-listed", CreatedIsListed)
CREATED_ONCE: Final = scenario("created-once", CreatedOnce)
READ_IS_SAFE: Final = scenario("read-is-safe", ReadIsSafe)
READS_ONE_OBJECT: Final = scenario("reads-one-object", ReadsOneObject)
TRAILING_SLASH: Final = scenario("trailing-slash", TrailingSlash)
NOT_A_RESOURCE: Final = scenario("not-a-resource", NotAResource)
FILTER_BY_DAY: Final = scenario("filter-by-day", FilterByDay)
FILTER_LOOSE: Final = scenario("filter-loose", FilterLoose)
FIELDS_WITH_FILTER: Final = scenario("fields-with-filter", FieldsWithFilter)
FILTERS_COMBINE: Final = scenario("filters-combine", FiltersCombine)
FILTER_WITHOUT_MATCH: Final = tolerating("filter-without-match", FilterWithoutMatch)
FIELDS_WHOLE_ATTRIBUTE: Final = scenario("fields-whole-attribute", FieldsWholeAttribute)
ALL_WITHOUT_FIELDS: Final = scenario("all-without-fields", CreateFull)
