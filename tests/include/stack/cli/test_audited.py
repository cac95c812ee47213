"""Every command is named with the action that it records, or with why it leaves no event."""

import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest
import typer

from readmission.operations.patients import commands as patients
from readmission.settings import CHECKOUT
from readmission.stack.cli.app import app
from readmission.warehouse.audit.coverage import COMMANDS
from readmission.warehouse.audit.events import Action


def commands(group: typer.Typer, prefix: str = "") -> Iterator[tuple[str, ModuleType]]:
    """Yield the name of each command, and the module that implements it."""
    for each in group.registered_commands:
        assert each.callback
        name = each.name or each.callback.__name__
        module = inspect.getmodule(each.callback)
        assert module
        yield f"{prefix}{name}", module
    for sub in group.registered_groups:
        inner = sub.typer_instance
        assert inner
        if inner.info.invoke_without_command is True and (alone := inner.registered_callback):
            module = inspect.getmodule(alone.callback)
            assert module
            yield str(sub.name), module
        yield from commands(inner, f"{sub.name} ")


FOUND = dict(commands(app))


def test_every_command_says_whether_it_is_audited() -> None:
    assert set(COMMANDS) == set(FOUND), (
        "name the command in readmission/warehouse/audit/coverage.py: the action that it records,"
        " or why it leaves no event"
    )


@pytest.mark.parametrize("name", [n for n, how in COMMANDS.items() if isinstance(how, Action)])
def test_an_audited_command_records_its_action(name: str) -> None:
    action = COMMANDS[name]
    assert isinstance(action, Action)
    module = patients if name.startswith("patient ") else FOUND[name]

    assert f"Action.{action.name}" in inspect.getsource(module)


def test_every_dag_that_a_person_starts_records_who() -> None:
    for dag in (CHECKOUT / "dags" / "by_hand").glob("*.py"):
        assert "record_decision(" in dag.read_text(), dag.name


def test_every_action_is_documented() -> None:
    documented = (CHECKOUT / "docs" / "operations.md").read_text()
    assert [one for one in Action if f"`{one}`" not in documented] == []
