"""`wca top`: the tasks of a node live in the terminal.

A source (an agent within this process, or a running one) gives overviews to a view (the application, or plain lines).
"""
