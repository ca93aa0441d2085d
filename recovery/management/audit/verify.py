"""Proves the ledger, or a bundle that was exported from it."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import redirect_stdout
from typing import Any, Final

from django.core.management.base import CommandError

from recovery import actions
from recovery.audit import verifier
from recovery.audit.verifier import Broken
from recovery.conf import conf
from recovery.management.base import DeskCommand
from recovery.models import ChainEntry, Checkpoint
