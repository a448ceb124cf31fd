"""The plugins that wca-core brings itself. The core never imports them: they are found like any other."""
