"""What WCA changed on the machine, kept so that it can be put back: by this agent, the next one, or `wca restore`."""

from wca_core.journal.journal import Journal
from wca_core.journal.places import default_journal_path
from wca_core.journal.restoring import Restoration, Restored, restore

__all__ = ["Journal", "Restoration", "Restored", "default_journal_path", "restore"]
