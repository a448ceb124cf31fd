"""`wca wrap`: runs an application and makes metrics of what it prints.

Those who write parsers need `Measurement` and, for tools that print line by line, `parsers.line_parser.LineParser`.
"""

from wca_wrapper.measurement import Measurement

__all__ = ["Measurement"]
