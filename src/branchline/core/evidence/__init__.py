"""Station `evidence`: what did we learn?"""

from branchline.core.evidence.values import Evidence, Metric, Plot, PredictionFacts, StageFacts

__all__ = ["Evidence", "Metric", "Plot", "PredictionFacts", "StageFacts"]
