"""`local`: what runs on this host by itself, found in its cgroups."""
