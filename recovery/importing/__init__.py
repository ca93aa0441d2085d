"""Tables of accounts that somebody brings in: looked through first, then done as by hand."""

from recovery.importing.verbs import apply_import, earlier, import_table

__all__ = ["apply_import", "earlier", "import_table"]
