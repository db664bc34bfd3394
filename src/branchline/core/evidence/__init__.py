"""Station `evidence`: what did we learn?"""

from branchline.core.evidence.values import Evidence, Metric, Plot, StageFacts

__all__ = ["Evidence", "Metric", "Plot", "StageFacts"]
