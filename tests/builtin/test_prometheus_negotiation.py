"""Which form a client is given, by what it says that it accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.prometheus.negotiation import Form, accepts_gzip, chosen_form

TEXT, OPENMETRICS = Form.TEXT, Form.OPENMETRICS
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "by_default", "weighed"),
    [
        (None, TEXT, TEXT),
        ("", TEXT, TEXT),
        ("*/*", TEXT, TEXT),
        (PROMETHEUS_2, TEXT, OPENMETRICS),
        (PROMETHEUS_3, TEXT, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS, OPENMETRICS),
        ('Application/OpenMetrics-Text; Version="1.0.0"', OPENMETRICS, OPENMETRICS),
        ("application/openmetrics-text; version=0.0.1", TEXT, TEXT),
        ("application/openmetrics-text;q=0.3, text/plain;q=0.3", TEXT, TEXT),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.3", TEXT, TEXT),
        ("application/openmetrics-text;q=0.31, text/plain;q=0.3", TEXT, OPENMETRICS),
        ("application/openmetrics-text, text/plain;q=0", OPENMETRICS, OPENMETRICS),
        ("application/openmetrics-text;q=0, */*", TEXT, TEXT),
        ("application/*, text/*;q=0.9", TEXT, OPENMETRICS),
        ("text/plain; version=1.0.0, application/*", OPENMETRICS, OPENMETRICS),
        ("text/html", TEXT, TEXT),
        ("application/openmetrics-text;q=high, text/plain", TEXT, TEXT),
        ("application/openmetrics-text;q=2", TEXT, TEXT),
    ],
)
def test_the_form_is_the_one_that_the_client_likes_best(accept: str | None, by_default: Form, weighed: Form) -> None:
    assert chosen_form(accept, weighs_openmetrics=False) is by_default
    assert chosen_form(accept, weighs_openmetrics=True) is weighed


def test_content_types_are_those_that_prometheus_names() -> None:
    assert str(TEXT.value) == "text/plain; version=0.0.4; charset=utf-8"
    assert str(OPENMETRICS.value) == "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("gzipped", False),
    ],
)
def test_only_who_accepts_gzip_is_given_it(accept_encoding: str | None, accepted: bool) -> None:
    assert accepts_gzip(accept_encoding) is accepted


@given(st.text())
def test_any_header_leads_to_a_form(header: str) -> None:
    assert chosen_form(header, weighs_openmetrics=True) in Form
    assert accepts_gzip(header) in (True, False)
