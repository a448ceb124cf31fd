"""One component in the making: are its fields those of the class, do the values fit, does the constructor take them?"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from traceback import format_exception

from wca_core.config.masking import Secrets, known_name
from wca_core.config.misfit import MisfitsError, UncheckableError, place_in
from wca_core.config.problems import Problems
from wca_core.config.signature import Parameter, parameters_of
from wca_core.config.tree import Mapping, Place, Plain
from wca_core.errors import PluginError, WcaError

log = logging.getLogger("wca.config")


class _Broken:
    """Stands for what could not be made; its error is already told."""


BROKEN = _Broken()


def holds_broken(values: Iterable[object]) -> bool:
    """By identity: values may be components that compare as they like."""
    return any(value is BROKEN for value in values)


@dataclass(slots=True)
class Construction:
    """A class and the part of the tree that describes the instance wanted."""

    cls: type
    tree: Mapping
    label: str
    """What messages call it: `!Tag`, or the name of a plugin."""
    path: str
    """Where it stands: `runner.node`."""
    is_strict: bool
    """Whether a value whose field has no type to check it against is refused."""
    problems: Problems
    secrets: Secrets
    as_plugin: Callable[[object], object]
    """What a component is where a plugin is wanted. Raises `PluginError`."""

    def made(self, values: AbstractMapping[Plain, object]) -> object:
        """An instance with these values as fields, or `BROKEN` after telling why."""
        try:
            parameters = parameters_of(self.cls)
        except (TypeError, ValueError) as error:
            return self._broken(self.tree.place, f"{self.label}: its fields cannot be found out: {error}")
        before = self.problems.count
        self._check_names(parameters)
        others = next((parameter for parameter in parameters.values() if parameter.takes_others), None)
        fields = {}
        for key, value in values.items():
            parameter = parameters.get(str(key), others)
            if parameter is not None and value is not BROKEN:
                fields[str(key)] = self._checked(key, value, parameter)
        if self.problems.count > before or holds_broken(values.values()):
            return BROKEN
        return self._called(fields)

    def _check_names(self, parameters: AbstractMapping[str, Parameter]) -> None:
        given = {str(key): key for key in self.tree.entries}
        known = [parameter.name for parameter in parameters.values() if not parameter.takes_others]
        if len(known) == len(parameters):
            for name in given.keys() - parameters.keys():
                self._broken(self.tree.place_of(given[name]), _unknown_field(self.label, name, known))
        for name, parameter in parameters.items():
            if parameter.is_required and name not in given:
                self._broken(self.tree.place, _missing_field(self.label, name, self.tree.place))

    def _checked(self, key: Plain, value: object, parameter: Parameter) -> object:
        if value is None and parameter.default is None:
            return None
        from wca_core.config.checking import checked, plugged  # 70 ms to import, needed only where there is a field

        name = known_name(str(key), parameter.hint)
        self.secrets.note(value, name)
        try:
            if parameter.lack:
                raise UncheckableError(parameter.lack)
            return checked(plugged(value, parameter.hint, self.as_plugin), parameter.hint, (name,))
        except MisfitsError as error:
            for misfit in error.misfits:
                inner = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in misfit.path)
                place = place_in(self.tree.entries[key], misfit.path)
                self._broken(place, f"{self.path}.{key}{inner} (of {self.label}): {self.secrets.masked(str(misfit))}")
        except UncheckableError as error:
            return self._unchecked(key, value, error)
        except PluginError as error:
            return self._broken(self.tree.place_of(key), f"{self.path}.{key}: {error}")
        return BROKEN

    def _unchecked(self, key: Plain, value: object, error: UncheckableError) -> object:
        reason = self.secrets.masked(str(error))
        place, message = self.tree.place_of(key), f"{self.label}: {key} cannot be checked: {reason}"
        if self.is_strict:
            return self._broken(place, f"{message} (annotate it, or register the class with strict_mode=False)")
        self.problems.warn(place, message)
        return value

    def _called(self, fields: dict[str, object]) -> object:
        try:
            return self.cls(**fields)
        except WcaError as error:
            reason = str(error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  a constructor may raise anything
            log.debug("%s cannot be made:\n%s", self.label, self.secrets.masked("".join(format_exception(error))))
            reason = f"cannot be made: {type(error).__name__}: {error}"
        return self._broken(self.tree.place, f"{self.label}: {self.secrets.masked(reason)}")

    def _broken(self, place: Place, message: str) -> object:
        self.problems.error(place, message)
        return BROKEN


def _unknown_field(label: str, name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    has = f"it has {', '.join(known)}" if known else "it has none"
    return f"{label} has no field {name!r}; {has}{hint}"


def _missing_field(label: str, name: str, place: Place) -> str:
    """On the command line with the option to give it; a component within a plugin stands behind the plugin's field."""
    inner = place.file.removeprefix("--set ").rpartition(".")[0]
    owner = inner if label.startswith("!") and inner else label
    return f"{label} needs {name}" + (f" (--set {owner}.{name}=...)" if place.is_option else "")
