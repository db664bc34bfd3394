"""Station `run`: which GPUs a stage gets to see.

Knows numbers and names only; who asks the driver is an adapter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def device_names(visible: str | None, count: int) -> tuple[str, ...]:
    """Names of the GPU slots of this machine.

    Args:
        visible: CUDA_VISIBLE_DEVICES of the engine itself; None when it is not set.
        count: Number of GPUs that the driver reports, >= 0.

    Returns:
        Indices, UUIDs or MIG names, as CUDA_VISIBLE_DEVICES takes them. CUDA stops reading at the
        first name that is not valid ("-1" is the usual one), and so does this.

    >>> device_names("2,GPU-8932f937,-1,0", 4)
    ('2', 'GPU-8932f937')
    >>> device_names(None, 2), device_names("", 2)
    (('0', '1'), ())
    """
    if visible is None:
        return tuple(str(index) for index in range(count))
    names: list[str] = []
    for name in (part.strip() for part in visible.split(",")):
        if not name or name.startswith("-"):
            break
        names.append(name)
    return tuple(names)


def assign_devices(wanted: int, slots: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    """The GPUs for one stage: the first free ones, in the order of the slots.

    Args:
        wanted: Number of GPUs, >= 0; more than there are gets all that are free.
        slots: All names.
        taken: Names in use by running stages.

    >>> assign_devices(1, ("0", "1", "2"), {"0"})
    ('1',)
    """
    free = [slot for slot in slots if slot not in taken]
    return tuple(free[:wanted])


def device_environment(wanted: int, devices: Sequence[str]) -> Mapping[str, str]:
    """Environment variables that make a stage see its GPUs and no others.

    A stage that asked for none keeps the caller's environment: most users do not declare GPUs, and
    hiding the devices from them would train on the CPU without a word.
    """
    return {"CUDA_VISIBLE_DEVICES": ",".join(devices)} if wanted else {}
