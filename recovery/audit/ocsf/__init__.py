"""An event in the words of the Open Cybersecurity Schema Framework, as a SIEM reads them."""

from recovery.audit.ocsf.shape import event_of, line_of

__all__ = ["event_of", "line_of"]
