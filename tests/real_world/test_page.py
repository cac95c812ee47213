"""Every line of the tables of values and of exports, through the clinicians' page *Files*."""

from collections.abc import Iterator

import pytest

from api.main import create_app
from readmission.domain import schema
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore
from tests.api.in_thread import serving
from tests.api.models import loaded
from tests.real_world.files import EXPORTS, Export, plain
from tests.real_world.test_exports import COUNT, TABLE
from tests.real_world.test_values import ACCEPTED, LINES, as_csv, meant, sent
from tests.real_world.values import REFUSED
from tests.ui.pages import FILES, Opened, predict_file, text_of
from ui.client import ApiClient, RequestRefused
from ui.file_job import FileJob

PROBABILITIES = [f"probability_{name}" for name in schema.CLASSES]


@pytest.fixture(scope="module")
def address(fits: tuple[Fit, Fit]) -> Iterator[str]:
    """The address of the service, which the page uses."""
    store = FakeModelStore()
    store.content = loaded("1", fits[0])
    with serving(create_app(Settings(api_anonymous_role="predict"), store)) as url:
        yield url


def test_values(address: str, opened: Opened) -> None:
    # given a file with one encounter for each line, and the same as the contract writes them
    page = predict_file(opened(address, FILES), as_csv([sent(line) for line in LINES]))
    expected = FileJob(ApiClient(address), "meant.csv", as_csv([meant(one) for one in ACCEPTED]))
    expected.join(120)

    # then exactly the refused lines are listed, each with its column
    errors = page.session_state["file_job"].problems
    found = {problem.row: problem.field for problem in errors}
    assert found == {
        number: line.column for number, line in enumerate(LINES, 1) if line.means is REFUSED
    }
    # and the others have the predictions of what was meant
    assert not page.error
    table = page.session_state["file_job"].table()[PROBABILITIES].to_numpy()
    assert table == pytest.approx(expected.table()[PROBABILITIES].to_numpy(), abs=1e-5)


# The page sends no type of content, so JSON is read as JSON; the bomb takes seconds of CPU time.
OTHERS = ("JSON as CSV", "bomb")


@pytest.mark.parametrize(
    "export", [one for one in EXPORTS if one.name not in OTHERS], ids=lambda one: one.name
)
def test_files(export: Export, address: str) -> None:
    whole = FileJob(ApiClient(address), "plain.csv", plain(TABLE))
    job = FileJob(ApiClient(address), "export", export.write(TABLE))
    for each in (whole, job):
        each.join(120)

    if export.error:
        refused = job.failure.message if isinstance(job.failure, RequestRefused) else ""
        assert export.error in (job.fatal_error or refused)
        return
    assert len(job.row_errors) == export.rows_refused
    assert len(job.table()) == COUNT
    found, expected = (one.table()[PROBABILITIES].to_numpy() for one in (job, whole))
    assert found == pytest.approx(expected, nan_ok=True)


def test_a_file_that_cannot_be_read_says_so_on_the_page(address: str, opened: Opened) -> None:
    (export,) = (one for one in EXPORTS if one.name == "PDF")

    page = predict_file(opened(address, FILES), export.write(TABLE))

    assert not page.success
    assert export.error in text_of(page.error) + text_of(page.markdown)
