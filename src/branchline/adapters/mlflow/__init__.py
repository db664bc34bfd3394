"""MLflow: runs, versions and aliases shown in a tracking server."""

from branchline.adapters.mlflow.tracker import MlflowTracker

__all__ = ["MlflowTracker"]
