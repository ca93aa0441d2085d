"""What a recovery link opens with is in no log line and in no error report."""

import logging
import sys

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.views.debug import ExceptionReporter, get_exception_reporter_class

from recovery.logs import MASK, mask_links, mask_log_records

TOKEN = "gV0pW3bq-t5kR8_yXa1Zc7Ls9Nd2Mf4Hj6Ke0Qu3Tw"
PATH = f"/account/link/{TOKEN}/"
CODE = "7K3M-Q9TD-0ZVH-PX4R"
COOKIE = "a-cookie-value"


class Written(logging.Handler):
    """Keeps what a plain handler, of which we know nothing, would have written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def written():
    handler = Written()
    logger = logging.getLogger("anybody.at.all")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.lines
    logger.removeHandler(handler)


@pytest.mark.requirement("A28")
@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (f"Not Found: {PATH}", ()),
        ("Not Found: %s", (PATH,)),
        ('"%s" %s %s', (f"GET {PATH} HTTP/1.1", 200, 4)),
        ('%(r)s "%(f)s"', ({"r": f"POST {PATH} HTTP/1.1", "f": f"https://desk{PATH}?x=1"},)),
        ("%s", ("/console/login/?next=%2Faccount%2Flink%2F" + TOKEN + "%2F",)),
    ],
)
def test_no_logger_writes_a_token(written, message, arguments):
    logging.getLogger("anybody.at.all").warning(message, *arguments)

    [line] = written
    assert MASK in line
    assert TOKEN not in line


def test_a_traceback_in_a_log_holds_no_token(written):
    try:
        int(PATH)
    except ValueError:
        logging.getLogger("anybody.at.all").exception("It broke")

    [line] = written
    assert "ValueError" in line
    assert TOKEN not in line


@pytest.mark.requirement("A32")
@pytest.mark.parametrize("typed", ["\r", "\x1b", "\x07", "\x9b", "\u2028", "\x00"])
def test_what_a_terminal_would_obey_is_spelt_out(written, typed):
    logging.getLogger("anybody.at.all").warning("Refused: %s", f"zoe{typed}root")

    [line] = written
    assert typed not in line
    assert f"zoe\\x{ord(typed):02x}root" in line


@pytest.mark.requirement("A32")
def test_what_somebody_typed_makes_no_line_of_its_own(written):
    forged = "zoe\n2026-11-28 09:00:00 INFO desk: All is well"
    logging.getLogger("anybody.at.all").warning("Refused: %s", forged)
    fault = ValueError(forged)
    logging.getLogger("anybody.at.all").error("It broke", exc_info=fault)

    first, second = written
    assert first.splitlines()[1].startswith("    2026-11-28 ")
    assert all(line.startswith("    ") for line in second.splitlines()[1:])


def test_a_template_that_lacks_a_variable_does_not_write_its_whole_context_down():
    logger = logging.getLogger("django.template")
    logger.addHandler(handler := Written())
    before, _ = logger.level, logger.setLevel(logging.DEBUG)
    try:
        Template("{% if nothing.there %}{% endif %}").render(Context({"codes": [CODE]}))
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)

    [line] = handler.lines
    assert "'nothing'" in line
    assert CODE not in line


def test_other_lines_stay_as_they_are(written):
    logging.getLogger("anybody.at.all").info("%d of %s", 3, "/console/recovery/account/7/")

    assert written == ["3 of /console/recovery/account/7/"]


def test_masking_twice_is_masking_once():
    factory = logging.getLogRecordFactory()
    mask_log_records()

    assert logging.getLogRecordFactory() is factory


def test_a_malformed_call_is_left_to_logging():
    make = logging.getLogRecordFactory()

    record = make("name", logging.INFO, "file", 1, "%s and %s", ("one",), None)

    assert record.msg == "%s and %s"


@pytest.mark.parametrize("text", ["/account/link/", "a link / to", "/static/links/x.css"])
def test_what_holds_no_token_is_not_masked(text):
    assert mask_links(text) == text


def report(*, debug: bool, settings) -> str:
    """Return the error report, as page and as text, of a view that broke with secrets in hand."""
    settings.DEBUG = debug
    request = RequestFactory(HTTP_REFERER=f"https://desk{PATH}").post(PATH, {"code": CODE})
    request.COOKIES["anything"] = COOKIE

    def view(request, token):
        code = request.POST["code"]
        raise RuntimeError(f"boom at {request.path}", len(code), len(token))

    try:
        view(request, TOKEN)
    except RuntimeError:
        reporter = get_exception_reporter_class(request)(request, *sys.exc_info())
    assert isinstance(reporter, ExceptionReporter)
    return reporter.get_traceback_html() + reporter.get_traceback_text()


@pytest.mark.requirement("N7")
@pytest.mark.requirement("A28")
@pytest.mark.parametrize("debug", [True, False])
def test_an_error_report_names_what_was_there_and_not_what_it_was(settings, debug):
    told = report(debug=debug, settings=settings)

    assert "RuntimeError" in told
    assert "boom at" in told
    for secret in (TOKEN, CODE, COOKIE, settings.SECRET_KEY):
        assert secret not in told
