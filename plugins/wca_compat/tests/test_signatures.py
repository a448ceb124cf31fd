"""Which generation a method is of is seen by its positional parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_compat.signatures import ALLOCATE, DETECT, STORE, count_of

from wca_core import PluginError


class Component:
    """With this as its method."""

    def __init__(self, detect: object) -> None:
        self.detect = detect


def unknown_decorator(function: Callable[..., object]) -> Callable[..., object]:
    def wrapper(*arguments: object, **others: object) -> object:
        return function(*arguments, **others)

    return wrapper


class Wrapped:
    @unknown_decorator
    def detect(self, platform: object, measurements: object, resources: object, labels: object) -> object: ...


class Partial:
    def _detect(self, prefix: object, platform: object, tasks_data: object) -> object: ...

    detect = functools.partialmethod(_detect, "prefix")


class Called:
    def __call__(self, platform: object, tasks_data: object) -> object: ...


@pytest.mark.parametrize(
    ("method", "count"),
    [
        (lambda platform, tasks_data: ..., 2),
        (lambda platform, measurements, resources, labels: ..., 4),
        (lambda platform, measurements, resources=None, labels=None: ..., 4),
        (lambda platform, tasks_data, verbose=False: ..., 2),
        (lambda platform, measurements, resources, *rest: ..., 4),
        (lambda platform, tasks_data, *rest, **others: ..., 2),
        (lambda platform, tasks_data, *, verbose=False: ..., 2),
        (functools.partial(lambda prefix, platform, tasks_data: ..., 1), 2),
        (Called(), 2),
        (lambda platform, tasks_data, /: ..., 2),
    ],
)
def test_a_method_is_called_with_as_many_arguments_as_one_form_has(method: object, count: int) -> None:
    assert count_of(Component(method), "detect", DETECT) == count


@pytest.mark.parametrize(("component", "count"), [(Wrapped(), 4), (Partial(), 2)])
def test_a_method_is_seen_behind_what_wraps_it(component: object, count: int) -> None:
    assert count_of(component, "detect", DETECT) == count


@pytest.mark.parametrize(
    "method",
    [
        lambda: ...,
        lambda platform: ...,
        lambda platform, tasks, extra: ...,
        lambda a, b, c, d, e: ...,
        lambda *arguments: ...,
        lambda platform, tasks_data, *, needed: ...,
        5,
        None,
    ],
)
def test_any_other_method_is_refused_with_both_forms(method: object) -> None:
    with pytest.raises(PluginError) as caught:
        count_of(Component(method), "detect", DETECT)

    told = str(caught.value)
    assert told.startswith("Component")
    assert not callable(method) or all(form in told for form in DETECT.values())


def test_allocators_of_the_first_generation_have_five() -> None:
    class Older:
        def allocate(self, platform: object, a: object, b: object, c: object, d: object) -> object: ...

    assert count_of(Older(), "allocate", ALLOCATE) == 5


@given(st.integers(0, 7), st.integers(0, 3))
def test_without_defaults_exactly_two_four_and_five_are_forms(positional: int, keyword: int) -> None:
    names = [*(f"a{number}" for number in range(positional)), *(["*"] if keyword else [])]
    names += [f"k{number}=0" for number in range(keyword)]
    component = Component(eval(f"lambda {', '.join(names)}: None"))

    for name, forms in (("detect", DETECT),):
        if positional in forms:
            assert count_of(component, name, forms) == positional
        else:
            with pytest.raises(PluginError):
                count_of(component, name, forms)


async def awaited(platform: object, tasks_data: object) -> object: ...


@pytest.mark.parametrize("method", [awaited, 5, None])
def test_what_would_never_be_run_is_refused(method: object) -> None:
    with pytest.raises(PluginError, match=r"Component\.detect cannot be looked at: (async def|detect is a)"):
        count_of(Component(method), "detect", DETECT)


@pytest.mark.parametrize(
    ("method", "is_right"),
    [
        (lambda metrics: ..., True),
        (lambda metrics, timeout=5: ..., True),
        (lambda *metrics: ..., True),
        ([].append, True),
        (print, True),
        (dict, True),
        (lambda key, value: ..., False),
        (lambda: ..., False),
    ],
)
def test_a_storage_takes_one_argument(method: object, is_right: bool) -> None:
    class Keeping:
        store = staticmethod(method)  # type: ignore[arg-type]

    if is_right:
        assert count_of(Keeping(), "store", STORE) == 1
    else:
        with pytest.raises(PluginError, match=r"Keeping: store\(metrics\) expected, found store"):
            count_of(Keeping(), "store", STORE)
