"""Where updates can go: a file or a page, which show the last values; standard error or a storage, which get all."""
