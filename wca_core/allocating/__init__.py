"""The last third of a step: wishes are asked for, decided upon, and made so.

| module | |
|---|---|
| asking | what do allocators wish, how long did it take, does one fail for good |
| deciding | which wishes count, are valid, within the guard rails, and possible on this machine |
| making | which of them are written now, by which writes, and what came of it |
| enforcing | the three in order, and the samples of the result |
"""
