"""Reading YAML with line numbers, and bundling."""

from __future__ import annotations

from pathlib import Path

import pytest

from tmfkit_codegen.errors import InputProblems
from tmfkit_codegen.load import SourceFile, bundle, joined, names, read


def source(folder: Path, text: str, name: str = "a.yaml") -> SourceFile:
    (folder / name).write_text(text)
    return read(folder / name, name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("on: create", {"on": "create"}, id="on-is-a-word"),
        pytest.param("a: no", {"a": "no"}, id="no-is-a-word"),
        pytest.param("a: 2026-01-15", {"a": "2026-01-15"}, id="a-date-is-text"),
        pytest.param("a: [1, -2.5, true, null, ~, '1']", {"a": [1, -2.5, True, None, None, "1"]}, id="other-scalars"),
    ],
)
def test_yaml_is_read_by_the_core_schema(tmp_path: Path, text: str, value: object) -> None:
    assert source(tmp_path, text).data == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: 1\na: 2", "a.yaml:2: the key 'a' is there twice. Keep one of them.", id="twice"),
        pytest.param("x:\n  200: ok", "a.yaml:2: the key 200 is not text. Put it in quotes.", id="number-as-key"),
        pytest.param(
            "a: [1", "a.yaml:2: not well-formed: did not find expected ',' or ']'. Mend the syntax.", id="syntax"
        ),
        pytest.param("", "a.yaml: the file is empty. Write it, or take it away.", id="empty"),
    ],
)
def test_bad_yaml_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputProblems) as caught:
        source(tmp_path, text + "\n" if text else "")
    assert str(caught.value) == message


def test_a_place_is_that_of_the_key_or_of_the_nearest_thing_around(tmp_path: Path) -> None:
    file = source(tmp_path, "a:\n  b:\n    - c: 1\n")
    assert [file.place(pointer).line for pointer in ("/a", "/a/b/0/c", "/a/b/0/missing/deeper")] == [1, 3, 3]


def test_names_survive_joining() -> None:
    assert names(joined("", "a/b", "~", 0)) == ("a/b", "~", "0")


def test_shared_components_are_bundled_with_what_they_refer_to(tmp_path: Path) -> None:
    common = source(
        tmp_path,
        "components:\n  schemas:\n    Period: {properties: {start: {$ref: '#/components/schemas/Day'}}}\n"
        "    Day: {type: string}\n",
        "common.yaml",
    )
    contract = source(tmp_path, "a: {$ref: '../common/common.yaml#/components/schemas/Period'}\n")
    made = bundle(contract, common)
    assert made.data["a"] == {"$ref": "#/components/schemas/Period"}
    assert sorted(made.data["components"]["schemas"]) == ["Day", "Period"]
    assert made.place("/components/schemas/Day").file == "common.yaml"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param(
            "../common/common.yaml#/components/schemas/No",
            "a.yaml:1: ../common/common.yaml#/components/schemas/No does not exist. "
            "Add it to common.yaml, or mend the name.",
            id="no-shared-component",
        ),
        pytest.param(
            "other.yaml#/a",
            "a.yaml:1: the reference other.yaml#/a leaves the contract. "
            "Refer to #/… or ../common/common.yaml#/components/….",
            id="another-file",
        ),
        pytest.param(
            "#/components/schemas/No",
            "a.yaml:1: the reference #/components/schemas/No leads to nothing. Mend the name, or write the component.",
            id="dangling",
        ),
    ],
)
def test_a_reference_that_cannot_be_bundled_is_refused(tmp_path: Path, reference: str, message: str) -> None:
    with pytest.raises(InputProblems) as caught:
        bundle(source(tmp_path, f"a: {{$ref: '{reference}'}}\n"), source(tmp_path, "components: {}\n", "common.yaml"))
    assert str(caught.value) == message
