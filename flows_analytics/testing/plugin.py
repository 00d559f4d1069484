"""The pytest plugin: fixtures ``flow_call`` and ``flow_snapshot``, flow coverage.

pytest loads this file in every run of every project that has this library installed. It imports nothing but
pytest; what a fixture needs is imported when the fixture is used.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from flows_analytics.testing.flow_call import FlowCall
    from flows_analytics.testing.item_time import ItemTime
    from flows_analytics.testing.snapshot import FlowSnapshot

_ITEM_TIME = pytest.StashKey["ItemTime"]()
_COVERAGE = "flows_analytics_coverage"
# Whoever has one of these wants to be run by somebody else.
_ASYNC_MARKERS = ("asyncio", "anyio", "trio", "twisted", "tornado")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of flow coverage."""
    group = parser.getgroup("flow coverage", "flow coverage (flows_analytics)")
    group.addoption(
        "--flow-cov",
        nargs="?",
        const="",
        default=None,
        metavar="FLOW",
        help="Measure which nodes, transitions, functions and branch cases the calls of flow_call exercise: those "
        "of a flow in YAML or JSON; without a file, of the Flows given to flow_call, and all that was offered.",
    )
    group.addoption(
        "--flow-cov-report",
        action="append",
        metavar="TYPE",
        help="term, html or html:FILE (default: term; the page is flow-coverage.html). May be given twice.",
    )
    group.addoption(
        "--flow-cov-fail-under",
        type=float,
        metavar="PERCENT",
        help="Fail if less than this share of all parts was exercised.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to measure flow coverage, if asked to."""
    if config.getoption("flow_cov") is not None:
        from flows_analytics.testing.coverage_plugin import CoveragePlugin  # noqa: PLC0415  # imports Pipecat

        config.pluginmanager.register(CoveragePlugin(config), _COVERAGE)
    elif config.getoption("flow_cov_report") or config.getoption("flow_cov_fail_under") is not None:
        raise pytest.UsageError("--flow-cov-report and --flow-cov-fail-under need --flow-cov")


def _is_ours(item: pytest.Item) -> bool:
    """Whether a test is a coroutine that holds calls."""
    if not isinstance(item, pytest.Function) or "flow_call" not in item.fixturenames:
        return False
    function = cast(Any, item).function
    wrapped = getattr(function, "hypothesis", None)
    return inspect.iscoroutinefunction(wrapped.inner_test if wrapped else inspect.unwrap(function))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Mark our tests for pytest-asyncio, before it looks for its mark. The innermost wrapper looks first."""
    made = yield
    if made and collector.config.pluginmanager.has_plugin("asyncio"):
        for item in cast(list[Any], made) if isinstance(made, list) else [made]:
            if isinstance(item, pytest.Item) and _is_ours(item) and not _has_a_runner(item):
                item.add_marker("asyncio")
    return made  # pyright: ignore[reportUnknownVariableType]  # narrowed from Any above


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Let ``-m syrupy_snapshot`` select what uses ``flow_snapshot``, too."""
    if config.pluginmanager.has_plugin("syrupy"):
        for item in items:
            if "flow_snapshot" in getattr(item, "fixturenames", ()):
                item.add_marker("syrupy_snapshot")


def _has_a_runner(item: pytest.Item) -> bool:
    if "anyio_backend" in getattr(item, "fixturenames", ()):
        return True
    return any(item.get_closest_marker(name) for name in _ASYNC_MARKERS)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let virtual time hold for our tests and their fixtures."""
    if not _is_ours(item):
        return (yield)
    from flows_analytics.testing.item_time import ItemTime  # noqa: PLC0415  # only tests that hold calls pay for it

    item.stash[_ITEM_TIME] = time = ItemTime()
    with time.running(item.config.rootpath):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> Generator[None, Any, Any]:
    """Keep virtual time out of fixtures that other tests share."""
    time = request.node.stash.get(_ITEM_TIME, None) or _time_of_item(request)
    if time is None or fixturedef.scope == "function":
        return (yield)
    with time.suspended():
        return (yield)


def _time_of_item(request: Any) -> ItemTime | None:
    """The clock of the test for which a wider fixture is set up: the request's own node is the wider one."""
    item = getattr(request, "_pyfuncitem", None)
    return item.stash.get(_ITEM_TIME, None) if item is not None else None


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run our tests where nobody else does."""
    if not _is_ours(pyfuncitem) or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    import asyncio  # noqa: PLC0415  # pytest itself does without

    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # pyright: ignore[reportPrivateUsage]  # as pytest's own pytest_pyfunc_call does
    with asyncio.Runner() as runner:
        runner.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def flow_call(request: pytest.FixtureRequest) -> Generator[FlowCall]:
    """Hold calls with a Pipecat Flows bot: its own nodes and handlers, a scripted LLM and caller, virtual time.

    See `flows_analytics.testing.FlowCall`. Await it; the test is a coroutine, and needs no marker.
    """
    if not _is_ours(request.node):
        pytest.fail(f"flow_call is awaited: write `async def {request.node.originalname}(…)`", pytrace=False)
    from flows_analytics.testing.flow_call import FlowCall  # noqa: PLC0415  # imports Pipecat
    from flows_analytics.testing.quiet_log import quiet_default_log  # noqa: PLC0415  # imports loguru

    quiet_default_log()
    coverage: Any = request.config.pluginmanager.get_plugin(_COVERAGE)
    call = FlowCall(name=request.node.name, on_held=coverage.add if coverage else None)
    yield call
    if complaint := call.given.complaint():
        pytest.fail(complaint, pytrace=False)


@pytest.fixture
def flow_snapshot(request: pytest.FixtureRequest) -> FlowSnapshot:
    """Compare calls with the text files that were kept of them, one for each comparison.

    See `flows_analytics.testing.snapshot.FlowSnapshot`. ``pytest --snapshot-update`` writes them.
    """
    if not request.config.pluginmanager.has_plugin("syrupy"):
        pytest.fail("flow_snapshot needs syrupy: pip install 'flows-analytics[testing]'", pytrace=False)
    from flows_analytics.testing.snapshot import FlowSnapshot  # noqa: PLC0415  # imports syrupy

    return FlowSnapshot.like(request.getfixturevalue("snapshot"))
