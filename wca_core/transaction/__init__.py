"""Changing the machine, task by task: wholly or not at all."""

from wca_core.model.outcome import State, TaskOutcome, TransactionOutcome, WriteFailure
from wca_core.transaction.bounds import Bounds, bounds_of
from wca_core.transaction.malformed import malformed
from wca_core.transaction.transaction import Transaction

__all__ = [
    "Bounds",
    "State",
    "TaskOutcome",
    "Transaction",
    "TransactionOutcome",
    "WriteFailure",
    "bounds_of",
    "malformed",
]
