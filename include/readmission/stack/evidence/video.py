"""The demonstration as a video: pages recorded by headless Chromium, with captions, by ffmpeg."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from readmission.stack.errors import StackError
from readmission.stack.evidence import browser
from readmission.stack.evidence.script import Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FRAMES_PER_SECOND = 2
SCROLL = 40
"""Pixels by which a page moves for each frame, so that all of it is seen."""
CAPTION = """text => {
    const box = document.createElement("div");
    box.textContent = text;
    Object.assign(box.style, {
        position: "fixed", left: 0, right: 0, bottom: 0, zIndex: 2147483647, padding: "14px 24px",
        font: "22px/1.35 system-ui, sans-serif", color: "#fff", background: "#102a43",
    });
    document.body.append(box);
}"""


def ffmpeg() -> str:
    """Return the path of ffmpeg.

    Raises
    ------
    StackError
        If it is not installed.
    """
    if found := shutil.which("ffmpeg"):
        return found
    raise StackError("ffmpeg is not installed, so there is no video: `apt-get install ffmpeg`")


def record(opened: "Browser", scenes: Sequence[Scene], file: Path, language: str) -> list[str]:
    """Write the video of some scenes.

    Returns
    -------
    list of str
        What is wrong: each scene whose page could not be shown, and why.
    """
    problems: list[str] = []
    with TemporaryDirectory() as folder:
        listed = []
        for number, scene in enumerate(scenes):
            frames, problem = _shoot(opened, scene, Path(folder), number, language)
            if problem:
                problems.append(f"{scene.view.titles[language]}: {problem}")
            listed += frames
        if listed:
            _join(listed, Path(folder), file)
    return problems


def _shoot(
    opened: "Browser", scene: Scene, folder: Path, number: int, language: str
) -> tuple[list[Path], str]:
    """Return the frames of a scene, or what is wrong."""
    from playwright.sync_api import Error

    context = browser.open_context(opened, scene.view, language)
    try:
        page = context.new_page()
        if problem := browser.show(page, scene.view):
            return [], problem
        page.evaluate(CAPTION, scene.captions[language])
        return _frames(page, scene.seconds, folder / f"{number:02}"), ""
    except Error as error:
        return [], error.message.splitlines()[0]
    finally:
        context.close()


def _frames(page: "Page", seconds: int, beginning: Path) -> list[Path]:
    found = []
    page.mouse.move(700, 500)
    for number in range(seconds * FRAMES_PER_SECOND):
        file = beginning.with_name(f"{beginning.name}-{number:03}.jpg")
        page.screenshot(path=file, type="jpeg", quality=85)
        found.append(file)
        if number >= FRAMES_PER_SECOND:  # the caption is read first
            page.mouse.wheel(0, SCROLL)
    return found


def _join(frames: Sequence[Path], folder: Path, file: Path) -> None:
    """Write frames as MP4 that every browser plays."""
    pause = 1 / FRAMES_PER_SECOND
    listed = folder / "frames.txt"
    listed.write_text("".join(f"file '{frame}'\nduration {pause}\n" for frame in frames))
    command = [
        ffmpeg(), "-y", "-loglevel", "error", "-f", "concat", "-safe", "0", "-i", str(listed),
        "-vf", "format=yuv420p", "-r", "10", "-c:v", "libx264", "-preset", "veryfast",
        "-movflags", "+faststart", str(file),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise StackError(f"ffmpeg could not write {file}: {done.stderr.strip()}")
