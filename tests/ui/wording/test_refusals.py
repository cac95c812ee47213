"""Refusals of the API in each language."""

from importlib import import_module

import pytest

from api.errors import ApiError
from ui.client import RequestRefused
from ui.language import choice
from ui.wording import refusals


def subclasses(error: type[ApiError]) -> set[type[ApiError]]:
    return {error}.union(*(subclasses(child) for child in error.__subclasses__()))


def test_the_page_has_words_for_every_kind_of_error_of_the_api() -> None:
    import_module("api.main")  # declares all errors

    assert set(refusals.BY_KIND) == {error.kind for error in subclasses(ApiError)} | {"http"}


def test_english_shows_the_message_of_the_api_and_spanish_what_its_kind_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = RequestRefused("too_slow", "The upload timed out after 12 bytes.")
    assert refusals.in_words(refused) == "The upload timed out after 12 bytes."

    monkeypatch.setattr(choice, "chosen", lambda: "es")

    assert refusals.in_words(refused).startswith("La subida se detuvo")
    assert refusals.in_words(RequestRefused("418", "I am a teapot")).startswith("El servicio rech")
