"""RDT control: which control group a task is in, and what that group may use.

| module | knows |
|---|---|
| schemata | the lines of a `schemata` file as values, and as an `RDTAllocation` |
| resources, units | what a machine lets be divided, its limits, and the unit of its bandwidth |
| wanted | an `RDTAllocation` as values that this machine can have |
| sharing | tasks that share a group: the first one's values count |
| budget | how many groups there can be |
| in_force | what tasks have now |
| checking, planning | the answers to wishes, and the writes that make them so |
| refusals | the kernel's own words in every error |
| group_write, schemata_write, placement_write, moving | the writes |
| removal, starting | what is written when the agent starts |
| control | all of it behind the hooks of the plugin |
"""
