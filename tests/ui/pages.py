"""Reading and using a page in Streamlit's own test driver."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

Opened = Callable[..., AppTest]

PREDICT, FILES, MODEL, CAPACITY, QUALITY = (
    f"views/{name}.py" for name in ("predict", "files", "model", "capacity", "quality")
)


def turn_to(page: AppTest, view: str) -> AppTest:
    """Go to another page of the app."""
    page.switch_page(view).run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    """Press the button that says so."""
    (button,) = [b for b in page.button if b.label == label]
    button.click().run()
    assert not page.exception
    return page


def said(elements: Any) -> str:
    """Return the text of some elements."""
    return "\n".join(element.value for element in elements)


def widget(page: AppTest, name: str) -> Any:
    """Return the widget of a field."""
    kinds = (page.selectbox, page.number_input, page.text_input, page.radio, page.multiselect)
    return next(w for kind in kinds for w in kind if w.key == f"field:{name}")


def figures(page: AppTest) -> dict[str, str]:
    """Return the large figures of a page by their labels."""
    return {metric.label: metric.value for metric in page.metric}
