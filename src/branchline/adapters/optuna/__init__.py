"""Adapter `optuna`: port `sampler` by Optuna's samplers, in memory."""

from branchline.adapters.optuna.sampler import OptunaSampler, OptunaSettings

__all__ = ["OptunaSampler", "OptunaSettings"]
