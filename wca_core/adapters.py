"""Makes plugins of components that have no hooks of ours. Which, and how, only the packages know that offer it.

An entry point of the group `wca.adapters` is a function: given a class, it gives the plugin class for instances of that
class, or None if it knows nothing of them. The plugin class takes the instance as its only argument, and is the very
same for the same class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from wca_core.errors import PluginError, WcaError
from wca_core.plugin_api import declared_api, hooks_of


class Adapters:
    """All that are installed: what their entry points name. Raises `PluginError` for what is no function."""

    def __init__(self, adapters: Sequence[object]) -> None:
        for adapter in adapters:
            if not callable(adapter):
                raise PluginError(f"wca.adapters: a function expected, found a {type(adapter).__name__}")
        self._adapters = cast("Sequence[Callable[[type], type | None]]", adapters)
        self._made: dict[int, tuple[object, object]] = {}
        """The plugin of a component, by the `id` of the component; both are kept, so that the id stays its own."""

    def plugin_class(self, cls: type) -> type:
        """The class of the plugins that instances of a class become; the class itself if that has hooks.

        And if nobody makes anything of it. A class that says for which API it was written is ours, whatever it lacks.
        Raises `PluginError` if an adapter breaks.
        """
        if is_ours(cls):
            return cls
        try:
            return next((found for adapter in self._adapters if (found := adapter(cls)) is not None), cls)
        except WcaError:
            raise
        except Exception as error:
            raise PluginError(f"{cls.__name__} cannot be adapted: {type(error).__name__}: {error}") from error

    def as_plugin(self, component: object) -> object:
        """The plugin of a component, always the same one. Raises `PluginError` if it cannot be one."""
        cls = type(component)
        plugin_class = self.plugin_class(cls)
        if plugin_class is cls:
            return component
        if id(component) not in self._made:
            self._made[id(component)] = component, _made(plugin_class, component)
        return self._made[id(component)][1]


def is_ours(cls: type) -> bool:
    """Whether a class is a plugin, or tries to be one: nobody has to adapt it."""
    return bool(hooks_of(cls)) or declared_api(cls) is not None


def _made(plugin_class: type, component: object) -> object:
    try:
        return plugin_class(component)
    except WcaError:
        raise
    except Exception as error:
        name = type(component).__name__
        raise PluginError(f"{name} cannot be made a plugin: {type(error).__name__}: {error}") from error
