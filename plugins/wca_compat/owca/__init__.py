"""The spelling of the earliest releases: the very same objects as in `wca`."""

from wca_compat.served import module_in

__getattr__ = module_in(__name__)
