"""A secret never prints itself."""

import copy
import json
import logging
import pickle
import pprint
import string

import pytest
from django.template import Context, Template

from recovery.secret import Secret

pytestmark = [pytest.mark.requirement("N7"), pytest.mark.requirement("A28")]

CLEAR = "7K3MQ9TD0ZVHPX4R"

PRINTS = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "f-string": lambda secret: f"{secret} {secret!r} {secret!s} {secret:>40}",
    "format": lambda secret: string.Formatter().format("{0} {0!r}", secret),
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways to print
    "in a list": lambda secret: str([secret]),
    "in a dictionary": lambda secret: repr({"code": secret}),
    "pretty": lambda secret: pprint.pformat({"code": (secret,)}),
    "in an exception": lambda secret: repr(ValueError(secret)),
    "in a template": lambda secret: Template("{{ code }}").render(Context({"code": secret})),
}


@pytest.mark.parametrize("shown", PRINTS.values(), ids=PRINTS)
def test_it_prints_a_mask(shown):
    text = shown(Secret(CLEAR))

    assert CLEAR not in text
    assert text.strip()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol):
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps({"codes": [Secret(CLEAR)]}, protocol=protocol)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_it_cannot_be_copied(copied):
    with pytest.raises(TypeError):
        copied(Secret(CLEAR))


def test_it_cannot_be_put_into_json():
    with pytest.raises(TypeError) as raised:
        json.dumps({"code": Secret(CLEAR)})

    assert CLEAR not in str(raised.value)


def test_it_has_no_dictionary_to_look_into():
    with pytest.raises(TypeError):
        vars(Secret(CLEAR))


def test_it_is_masked_in_a_log_line(caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("anything").debug("codes: %s %r", Secret(CLEAR), [Secret(CLEAR)])

    assert "codes:" in caplog.text
    assert CLEAR not in caplog.text


def test_a_failed_comparison_does_not_print_it():
    right, wrong = Secret(CLEAR), Secret("other")

    with pytest.raises(AssertionError) as raised:
        assert [right] == [wrong]

    assert CLEAR not in str(raised.value)


def test_it_equals_a_secret_of_the_same_text_and_no_plain_text():
    assert Secret(CLEAR) == Secret(CLEAR)
    assert Secret(CLEAR) != Secret("other")
    assert Secret(CLEAR) != CLEAR


def test_it_reveals_its_text_when_asked():
    assert Secret(CLEAR).reveal() == CLEAR
