"""Python's collector, which need not walk a program that stays in memory as long as its process."""

import gc


def spare_the_program() -> None:
    """Whatever is in memory by now stays there, unwalked: said once all is loaded, and before a process forks."""
    gc.freeze()
