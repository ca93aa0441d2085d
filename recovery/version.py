"""Which release this is, as the ledger notes it with each start."""

from typing import Final

VERSION: Final = "0.1.0"
