"""The part of the sandbox that runs in a worker's processes, not in the host's.

It may import only the standard library, `distinguo.values` and itself: a worker has no package installed.
"""
