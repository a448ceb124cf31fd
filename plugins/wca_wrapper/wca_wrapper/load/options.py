"""The options of `wca-load`."""

from __future__ import annotations

from typing import Annotated

import typer

Target = Annotated[str, typer.Argument(help="redis://HOST:PORT, memcached://HOST:PORT, http://HOST:PORT/PATH")]
Rate = Annotated[
    str, typer.Option(help="Requests a second: 1000, sine:LOW,HIGH,SECONDS or step:RATExSECONDS,RATExSECONDS.")
]
Arrivals = Annotated[str, typer.Option(help="even or poisson: how requests are spaced.")]
Duration = Annotated[float, typer.Option(min=0, help="Seconds; 0: until a signal.")]
Interval = Annotated[float, typer.Option(min=0.01, help="Seconds from line to line.")]
Timeout = Annotated[float, typer.Option(min=0.001, help="Seconds until a request is given up.")]
Patience = Annotated[float, typer.Option(min=0, help="Seconds that the server may take to come up.")]
Connections = Annotated[int, typer.Option(min=1, max=900, help="How many requests can be on their way.")]
Keys = Annotated[int, typer.Option(min=1, help="Different keys, set before the start.")]
ValueSize = Annotated[int, typer.Option("--value_size", "--value-size", min=0, help="Bytes of a value.")]
Reads = Annotated[float, typer.Option(min=0, max=1, help="Part of the requests that read.")]
Seed = Annotated[int | None, typer.Option(help="The same gaps and keys again.")]
