"""TinyDB's own methods on our tables: memory and file say the same after each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tinydb import where
from tinydb.operations import delete, increment
from tinydb.table import Document, Table

from tmfkit_server.query.expression import Comparison
from tmfkit_server.query.tinydb import TmfQuery
from tmfkit_server.storage.base import IndexPlan
from tmfkit_server.storage.embedded.journal import Journal
from tmfkit_server.storage.embedded.tables import Database, DocumentStorage, DocumentTable

_INDEXED = Comparison(("a",), "eq", ("1",))


def _open(path: Path) -> Database:
    journal = Journal(str(path))
    journal.open()
    storage = DocumentStorage(journal, {"t": IndexPlan((("a",),))})
    storage.load()
    return Database(storage=lambda: storage)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """A database with three documents in the table t, and one in another."""
    database = _open(path)
    database.table("t").insert_multiple([{"a": 1, "l": [1]}, {"a": 2, "l": [2]}, {"a": 3, "d": {"x": 1}}])
    database.table("other").insert({"kept": True})
    yield database
    database.close()


def _content(database: Database) -> dict[str, Any]:
    found = {name: {row.doc_id: dict(row) for row in database.table(name).all()} for name in database.tables()}
    for name, rows in found.items():
        table = database.table(name)
        assert len(table) == len(rows)
        # The index knows what the documents say.
        wanted = {number for number, row in rows.items() if row.get("a") == 1}
        assert {row.doc_id for row in table.search(TmfQuery(_INDEXED))} == wanted
    return found


def _append(name: str, value: object) -> Callable[[Any], None]:
    def transform(document: Any) -> None:
        document[name].append(value)

    return transform


METHODS: dict[str, Callable[[Table], object]] = {
    "insert": lambda t: t.insert({"a": 1}),
    "insert-with-id": lambda t: t.insert(Document({"a": 1}, doc_id=77)),
    "insert-with-low-id": lambda t: [t.remove(doc_ids=[1]), t.insert(Document({"a": 9}, doc_id=1))],
    "insert_multiple": lambda t: t.insert_multiple([{"a": 1}, Document({"a": 5}, doc_id=50), {"a": 1}]),
    "update": lambda t: t.update({"a": 1}),
    "update-where": lambda t: t.update({"a": 1}, where("a") == 2),
    "update-ids": lambda t: t.update({"a": 1, "new": None}, doc_ids=[2, 999]),
    "update-in-place": lambda t: t.update(_append("l", {"deep": 1}), where("l").exists()),
    "update-operation": lambda t: t.update(increment("a"), where("a") < 3),
    "update-delete": lambda t: t.update(delete("a"), doc_ids=[1]),
    "update_multiple": lambda t: t.update_multiple([({"a": 1}, where("a") == 3), (delete("l"), where("a") == 2)]),
    "upsert-existing": lambda t: t.upsert({"a": 1, "u": 1}, where("a") == 2),
    "upsert-new": lambda t: t.upsert({"a": 1, "u": 1}, where("a") == 99),
    "upsert-id": lambda t: t.upsert(Document({"u": 1}, doc_id=2)),
    "remove": lambda t: t.remove(where("a") == 1),
    "remove-ids": lambda t: t.remove(doc_ids=[1, 2, 999]),
    "truncate": lambda t: t.truncate(),
}


@pytest.mark.parametrize("name", METHODS)
def test_every_change_is_in_memory_and_in_the_file(name: str, database: Database, path: Path) -> None:
    before = _content(database)
    METHODS[name](database.table("t"))
    after = _content(database)
    assert after != before
    assert after["other"] == before["other"]
    database.close()
    again = _open(path)
    assert _content(again) == after
    assert [row.doc_id for row in again.table("t")] == sorted(after.get("t", {}))
    again.close()


def test_every_method_that_changes_a_table_is_tested() -> None:
    reading = {"all", "clear_cache", "contains", "count", "get", "name", "search", "storage"}
    ours = {"build_indexes", "documents"}
    settings = {name for name in vars(Table) if name.endswith("_class") or name.startswith("default_")}
    public = {name for name in dir(DocumentTable) if not name.startswith("_")}
    assert public - reading - ours - settings == {name.partition("-")[0] for name in METHODS}


@pytest.mark.parametrize("drop", ["drop_table", "drop_tables", "write"])
def test_whole_tables_go_from_the_file_too(drop: str, database: Database, path: Path) -> None:
    if drop == "drop_table":
        database.drop_table("t")
    elif drop == "drop_tables":
        database.drop_tables()
    else:
        database.storage.write({"t": {"5": {"a": 1}}})
    after = _content(database)
    assert (
        after
        == {
            "drop_table": {"other": {4: {"kept": True}}},
            "drop_tables": {},
            "write": {"t": {5: {"a": 1}}},
        }[drop]
    )
    database.close()
    again = _open(path)
    assert _content(again) == after
    again.close()


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(lambda t: t.insert(Document({}, doc_id=1)), id="id-is-taken"),
        pytest.param(lambda t: t.insert_multiple([{"a": 1}, "no mapping"]), id="second-is-no-mapping"),
        pytest.param(lambda t: t.insert_multiple([{"a": 1}, {"a": object()}]), id="second-is-no-json"),
        pytest.param(lambda t: t.update(delete("l")), id="third-has-no-such-attribute"),
        pytest.param(lambda t: t.update(lambda d: d.update(a=d["a"] / (d["a"] - 2))), id="second-fails-after-change"),
        pytest.param(lambda t: t.update({"a": {1, 2}}), id="set"),
    ],
)
def test_failed_method_changes_nothing(fail: Callable[[Table], object], database: Database, path: Path) -> None:
    before = _content(database)
    with pytest.raises((ValueError, KeyError, TypeError, ZeroDivisionError)):
        fail(database.table("t"))
    assert _content(database) == before
    database.close()
    again = _open(path)
    assert _content(again) == before
    again.close()


def test_what_is_handed_out_is_the_callers_own(database: Database) -> None:
    table = database.table("t")
    before = _content(database)
    for found in (table.get(doc_id=1), *table.all(), *table.search(where("a") == 1), *table.get(doc_ids=[1, 2])):
        assert isinstance(found, Document)
        found["a"] = "changed"
        found.setdefault("l", []).append("changed")
    mine = {"a": 1, "l": [1]}
    number = table.insert(mine)
    mine["l"].append("changed")  # type: ignore[attr-defined]
    assert table.get(doc_id=number) == {"a": 1, "l": [1]}
    table.remove(doc_ids=[number])
    assert _content(database) == before


def test_numbers_are_never_given_twice(database: Database, path: Path) -> None:
    table = database.table("t")
    last = table.insert({})
    table.remove(doc_ids=[last])
    assert table.insert({}) == last + 1
    table.truncate()
    database.close()
    again = _open(path)
    assert again.table("t").insert({}) == last + 2
    assert again.table("new").insert({}) == last + 3
    again.close()


def test_reading_methods_agree(database: Database) -> None:
    table = database.table("t")
    assert table.get(where("a") == 2) == table.get(doc_id=2) == {"a": 2, "l": [2]}
    assert table.get(doc_id=99) is None
    assert table.contains(doc_id=3)
    assert not table.contains(where("a") == 99)
    assert table.count(where("a") > 1) == 2
    assert [row.doc_id for row in table] == [1, 2, 3]


def test_query_result_is_not_kept(database: Database) -> None:
    table = database.table("t")
    for query in (where("a") == 1, TmfQuery(_INDEXED), TmfQuery(Comparison(("l",), "ne", ("7",)))):
        before = len(table.search(query))
        number = table.insert({"a": 1})
        assert len(table.search(query)) == before + 1
        table.remove(doc_ids=[number])


def test_index_is_built_on_demand_and_then_followed(database: Database) -> None:
    table = database.table("t")
    assert isinstance(table, DocumentTable)
    query = TmfQuery(Comparison(("d", "x"), "gte", ("1",)))
    assert table.documents.indexes.candidates(query.expression) is None
    table.build_indexes(query)
    assert table.documents.indexes.candidates(query.expression) is not None
    assert [row.doc_id for row in table.search(query)] == [3]
    table.update({"d": {"x": 0}}, doc_ids=[3])
    number = table.insert({"d": [{"x": 5}, {"x": 0}]})
    assert [row.doc_id for row in table.search(query)] == [number]
