import re

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import Http404
from django.test import RequestFactory

from project.demo import mailbox, views

LINK = "http://127.0.0.1:8000/account/link/q2f_Zw/"


@pytest.fixture
def in_debug(settings, tmp_path):
    settings.DEBUG = True
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")


@pytest.fixture
def send(settings, tmp_path):
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    connection = get_connection("django.core.mail.backends.filebased.EmailBackend")

    def send_mail(subject="A change", body="Hello Zoë", to="zoe@example.org"):
        message = EmailMultiAlternatives(subject, body, "desk@example.org", [to])
        message.attach_alternative(f"<p>{body}</p>", "text/html")
        connection.send_messages([message])

    return send_mail


def page(view, **arguments):
    return view(RequestFactory().get("/demo/mail/"), **arguments)


@pytest.mark.urls("tests.demo.urls")
@pytest.mark.usefixtures("in_debug")
class TestPages:
    def test_mails_are_listed_the_newest_first(self, send):
        send("First")
        send("Second <b>", to="kofi@example.org")

        text = page(views.mails).content.decode()

        assert text.index("Second &lt;b&gt;") < text.index("First")
        assert "kofi@example.org" in text

    def test_an_empty_mailbox_says_what_to_do(self):
        assert "No mail yet" in page(views.mails).content.decode()

    def test_a_mail_is_shown_as_text_with_its_link_to_follow(self, send):
        send(body=f"Hello Zoë,\n\nopen {LINK}\n<script>alert(1)</script>")
        (mail,) = mailbox.newest_first()

        response = page(views.mail, key=mail.key)

        text = response.content.decode()
        assert f'<a href="{LINK}"' in text
        assert "Hello Zoë" in text
        assert "<script" not in text
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]

    def test_nothing_on_the_pages_is_inline(self, send):
        send()
        (mail,) = mailbox.newest_first()

        for response in (page(views.mails), page(views.mail, key=mail.key)):
            assert not re.search(rb"style=|<style|<script|\son\w+=", response.content)

    @pytest.mark.parametrize("key", ["nothing.0", "../../demo.json", "..%2f..%2flocal.env"])
    def test_only_a_mail_can_be_opened(self, send, key):
        send()

        with pytest.raises(Http404):
            page(views.mail, key=key)

    def test_outside_debug_there_is_no_mailbox(self, settings, send):
        settings.DEBUG = False
        send()
        (mail,) = mailbox.newest_first()

        with pytest.raises(Http404):
            page(views.mails)
        with pytest.raises(Http404):
            page(views.mail, key=mail.key)


def test_mails_that_share_a_file_are_two(send):
    send("First", body="One\n-----\nstill one")
    send("Second")

    mails = mailbox.newest_first()

    assert {mail.subject for mail in mails} == {"First", "Second"}
    assert {mail.text for mail in mails} == {"One\n-----\nstill one", "Hello Zoë"}


def test_the_site_has_no_route_to_it_outside_debug():
    from django.urls import NoReverseMatch, reverse  # noqa: PLC0415 - beside its only use

    with pytest.raises(NoReverseMatch):
        reverse("demo:mails")
