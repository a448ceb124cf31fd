"""`wca-load`: asks a server open-loop, at a rate of its own; answers are timed from when their requests were due."""
