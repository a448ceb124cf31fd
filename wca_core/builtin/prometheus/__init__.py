"""The samples of the newest step over HTTP: one storage, `storage`, and the server it is made of."""
