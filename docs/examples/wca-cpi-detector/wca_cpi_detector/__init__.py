"""A plugin of WCA: tasks whose cycles per instruction are not what they usually are, and who may be the cause."""
