"""Samples sent to Kafka: one storage, `storage`, and what it is made of.

```
store -> intake -> encoder (a thread) -> outgoing -> the library's threads -> broker
                                           ^ reports, taken by a thread of ours
```
"""
