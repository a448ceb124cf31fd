"""Replay: recorded steps are fed to detectors and allocators, faster than they were measured; nothing is written.

| module | |
|---|---|
| source, pacing, feeding | which steps, when, from where to where |
| cast, asked | who takes part, and what a command line says about that |
| loop | one step: read this first |
| host | the machine as a plugin sees it |
| judging, feedback | what would become of wishes |
| failures | what plugins did wrong |
| result, library | what comes out, and a replay within a test |
| json_lines, text_lines, plain_values, output, tally, command | `wca replay` |
| hash_seed | why it is the same every time |
"""
