"""Numbers and times in each language."""

import pytest

from ui.language import choice, formats

AT = "2026-03-01T15:05:42+00:00"


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Have a browser with the given language tag, and a link without a language."""
    monkeypatch.setattr(choice, "_browser", lambda: request.param)


def in_a_browser(tag: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("visit", [tag], indirect=True)


def written() -> tuple[str, ...]:
    return (
        formats.number(12345), formats.number(0.5, 3), formats.signed(0.25, 2),
        formats.percent(0.125, 1), formats.percent_writer(1)(0.125),
        formats.day(AT), formats.time(AT),
    )  # fmt: skip


@in_a_browser("en-US")
def test_english(visit: None) -> None:
    assert written() == (
        "12,345", "0.500", "+0.25", "12.5%", "12.5%", "Mar 1, 2026", "Mar 1, 2026, 15:05 UTC",
    )  # fmt: skip


@in_a_browser("es-ES")
def test_spanish(visit: None) -> None:
    assert written() == (
        "12.345", "0,500", "+0,25", "12,5\xa0%", "12,5\xa0%",
        "1 mar 2026", "1 mar 2026, 15:05 UTC",
    )  # fmt: skip


@in_a_browser("es-MX")
def test_spanish_as_in_the_country_of_the_browser(visit: None) -> None:
    assert written()[0] == "12,345"


@pytest.mark.parametrize("tag", ["", "de-DE", "xx", "es-", "no language"])
def test_a_browser_of_another_language_has_the_page_in_english(
    monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    monkeypatch.setattr(choice, "_browser", lambda: tag)

    assert choice.current() == "en"
    assert formats.number(12345) == "12,345"


def test_what_was_not_recorded_has_no_time() -> None:
    assert formats.time(None) == formats.day("") == "not recorded"
