"""The module names that components written for the original WCA import; the code is in `wca_compat`."""

from wca_compat.served import module_in

__getattr__ = module_in(__name__)
