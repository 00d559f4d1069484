"""Questions: what commands ask of a calls directory, with notices of what the answer is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

import typer

from flows_analytics.cli.choices import check_choice
from flows_analytics.cli.console import ERRORS
from flows_analytics.cli.problems import Problems
from flows_analytics.cli.stores import open_store

if TYPE_CHECKING:
    from flows_analytics.store.filter import Filter
    from flows_analytics.store.view import View

_T = TypeVar("_T")

Store = Annotated[Path, typer.Argument(help="The calls directory.", metavar="STORE")]
Flow = Annotated[
    str | None,
    typer.Option("--flow", metavar="ID", help="Only this flow of each call: main, flow2, … Default: all."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document.")]


@dataclass(frozen=True)
class Answer(Generic[_T]):
    """What came of a question.

    Attributes:
        value: The answer.
        problems: What could not be counted.
        exit_code: 1 if something was left out, or if the store has no calls at all; else 0.
    """

    value: _T
    problems: Problems
    exit_code: int


def ask(
    directory: Path,
    chosen: Filter,
    use: Callable[[View], _T],
    *,
    goals: Collection[str] | None = None,
    flow: str | None = None,
    flow_option: str = "--flow",
    nodes: Mapping[str, Collection[str]] | None = None,
) -> Answer[_T]:
    """Ask something of the calls that are meant, in one look at the files.

    What the answer is about is said on stderr where it may surprise: no calls, several bots, several flows.

    Args:
        directory: The calls directory.
        chosen: Which calls.
        use: What asks.
        goals: Each ``--goal``; None if those that the calls name.
        flow: The one flow that is meant; None for all.
        flow_option: The option of the command that chooses it.
        nodes: Further nodes that were named, by option.

    Returns:
        The answer.

    Raises:
        FlowsAnalyticsError: ``choice_unknown`` if a node or the flow is not there; what `CallStore.read` raises.
    """
    from flows_analytics.store.view import View

    problems = Problems()
    named = {"--goal": goals or (), **(nodes or {})}

    def look(snapshot: object) -> tuple[_T, list[str], bool]:
        view = View(snapshot, goals)  # pyright: ignore[reportArgumentType]  # what `read` gives is a snapshot
        if view.calls_there:
            for option, names in named.items():
                for name in names:
                    check_choice(option, "node", name, view.nodes)
        if flow is not None and view.flows:
            check_choice(flow_option, "flow", flow, tuple(view.flows))
        said = list(_notices(view, directory, flow, flow_option))
        if flow is not None:
            view.only(flow)
        return use(view), said, not view.calls_there

    with ERRORS.status("Counting"):
        value, said, empty = open_store(directory, problems).read(look, chosen, goals)
    for line in said:
        ERRORS.print(line, markup=False, soft_wrap=True)
    return Answer(value, problems, 1 if empty else problems.exit_code)


def _notices(view: View, directory: Path, flow: str | None, flow_option: str) -> Iterator[str]:
    meant = sum(view.agents.values())
    if not view.calls_there:
        yield f"error: there are no calls in {directory}: name a directory that bots record to, or import a log"
    elif not meant:
        yield f"note: none of the {view.calls_there:,} calls in {directory} is what the options ask for"
    if len(view.agents) > 1:
        yield f"note: calls of {_listed(view.agents)} are counted together; --agent chooses one bot"
    if len(view.flows) > 1 and flow is None:
        yield f"note: calls have the flows {_listed(view.flows)}, counted together; {flow_option} chooses one"


def _listed(counted: Mapping[str | None, int] | Mapping[str, int]) -> str:
    most = 5
    parts = [f"{'no name' if name is None else repr(name)} ({many:,})" for name, many in counted.items()]
    more = [f"{len(parts) - most} more"] if len(parts) > most else []
    return ", ".join(parts[:most] + more)
