"""The demonstration: its script, and the video that Chromium and ffmpeg make of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT
from readmission.stack.errors import StackError
from readmission.stack.evidence import browser, script, video
from readmission.stack.evidence.views import View
from tests.programs import lacking

BOTH = {"en": "Page", "es": "Página"}


def test_the_demonstration_takes_at_most_ten_minutes() -> None:
    assert sum(seconds for _, seconds, _, _ in script.PARTS) <= script.LONGEST
    # A caption can be read aloud while its page is shown, at three words per second.
    for _, seconds, *captions in script.PARTS:
        assert all(len(caption.split()) <= 3 * seconds for caption in captions)


@pytest.mark.parametrize(
    ("page", "caption"), [("docs/EVIDENCIAS.md", 3), ("docs/en/EVIDENCIAS.md", 2)]
)
def test_the_documents_hold_the_script(page: str, caption: int) -> None:
    text = (CHECKOUT / page).read_text()

    assert [part[caption] for part in script.PARTS if part[caption] not in text] == []


def test_a_scene_without_its_page_is_left_out_and_named() -> None:
    first, second = (title for title, *_ in script.PARTS[:2])
    there = [View({"en": first, "es": first}, "http://127.0.0.1")]

    (scene,) = script.scenes(there)

    assert scene.seconds == script.PARTS[0][1]
    assert second in script.missing(there)
    assert first not in script.missing(there)


def test_without_ffmpeg_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(StackError, match="apt-get install ffmpeg"):
        video.ffmpeg()


def test_chromium_and_ffmpeg_make_the_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a page, and one that cannot be shown
    if not any(map(shutil.which, browser.PROGRAMS)):
        lacking("Chromium", "chromium")
    if shutil.which("ffmpeg") is None:
        lacking("ffmpeg", "ffmpeg")
    monkeypatch.setattr(browser, "SETTLE", 50)
    (tmp_path / "page.html").write_text("<h1>Page</h1>" + "<p>line" * 200)
    shown = View(BOTH, (tmp_path / "page.html").as_uri())
    wrong = View(BOTH, (tmp_path / "nothing.html").as_uri())
    scenes = [script.Scene(view, 2, {"en": "A caption"}) for view in (shown, wrong)]

    # when
    with browser.chromium() as opened:
        problems = video.record(opened, scenes, tmp_path / "made.mp4", "en")

    # then
    assert len(problems) == 1
    assert problems[0].startswith("Page: ")
    probed = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0",
         tmp_path / "made.mp4"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(probed.stdout) == pytest.approx(2, abs=0.7)
