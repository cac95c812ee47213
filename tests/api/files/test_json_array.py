"""An array is split into its elements, wherever reads end."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import UnreadableFile
from api.files import json_array

TEXTS = st.text() | st.text('ab"\\[]{},: ')
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(st.lists(VALUES), st.booleans(), st.sampled_from([None, 1]), st.integers(1, 9))
def test_every_array_is_split_into_its_elements(
    array: list[Any], only_ascii: bool, indent: int | None, piece_bytes: int
) -> None:
    text = json.dumps(array, ensure_ascii=only_ascii, indent=indent).encode()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "PIECE_BYTES", piece_bytes)
        found = [json.loads(element) for element in json_array.elements(io.BytesIO(text))]

    assert found == array


@given(st.lists(VALUES), st.data())
def test_a_truncated_array_is_an_error(array: list[Any], data: st.DataObject) -> None:
    text = json.dumps(array).encode()
    cut = text[: data.draw(st.integers(0, len(text) - 1))]

    with pytest.raises(UnreadableFile):
        list(json_array.elements(io.BytesIO(cut)))
