"""What becomes of wishes, decided without touching the machine: nothing here reads, writes or asks a plugin.

| module | decides |
|---|---|
| merging | which of several allocators' wishes counts |
| values, ids | whether a value is one at all, whatever the machine |
| tolerance | whether two values differ enough to be a change |
| guard_rails, rails | what may be wished; clamps or refuses the rest |
| invalid | what one invalid wish costs the others |
| settled | which wishes are in force already, and need not be asked about |
| target | what differs from what is in force, and what is in force then |
| blast_radius | how many tasks change at once |
| back_off | when a change that failed is tried again |
| reconciling | whether somebody else changed a value, and when to stop arguing |
"""
