"""Station `trigger`: what woke us, and what does it ask for?"""

from branchline.core.trigger.values import Trigger, TriggerKind

__all__ = ["Trigger", "TriggerKind"]
