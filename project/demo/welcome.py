"""What `make demo` says once the desk is up: who can sign in, and what to try."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from project.demo import processes
from project.demo.cast import HOLDERS, SIGN_INS, STAFF

if TYPE_CHECKING:
    from project.demo.memory import Memory

TEXT: Final = """
The desk is at {site}/console/ until Ctrl-C, and account holders sign in at
{site}/account/sign-in/. Who can sign in, as what, with which password:

{people}

The one-time code of the moment, in another terminal:
  {totp} {agent}
Mails end up at {site}/demo/mail/ and go nowhere else.

Try it: lock {holder} out, and bring them back.
  1. In the console, as {agent}, open {holder} and report the authenticator lost.
  2. On the same page, send a recovery link.
  3. In a private window, open the link in {site}/demo/mail/ with the password
     above, scan the picture with any authenticator app, save the codes, and type one back.
"""


def told(port: int, memory: Memory) -> str:
    """Fill the text in for this run."""
    return TEXT.format(
        site=f"http://{processes.HOST}:{port}",
        people="\n".join(_people(memory)),
        totp=f"{os.path.relpath(sys.executable)} manage.py totp",
        agent=SIGN_INS[0],
        holder=HOLDERS[0],
    )


def _people(memory: Memory) -> list[str]:
    width = max(map(len, memory.passwords))
    return [
        f"  {login:{width}}  {_role(login):20}  {password}"
        for login, password in memory.passwords.items()
    ]


def _role(login: str) -> str:
    return STAFF[login].value if login in STAFF else "Account holder"
