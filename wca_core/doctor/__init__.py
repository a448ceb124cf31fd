"""What `wca doctor` tells: the needs of plugins against a host, facts about the machine, what to do."""
