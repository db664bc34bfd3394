"""A training loop with checkpoints and a folder of metrics, as frameworks have one."""

import json
from pathlib import Path

import numpy as np


class Trainer:
    """Softmax regression by stochastic gradient descent.

    Args:
        epochs, batch_size, learning_rate: As usual.
        run_dir: Gets checkpoints and metrics.
        seed: Of the order of the examples.
    """

    def __init__(self, epochs, batch_size, learning_rate, run_dir, seed):
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.run_dir = Path(run_dir)
        self.random = np.random.default_rng(seed)

    def fit(self, images, digits):
        """Train, and keep the weights of the last epoch."""
        classes = np.eye(10)[digits]
        self.weights = np.zeros((images.shape[1], 10))
        for _ in range(self.epochs):
            order = self.random.permutation(len(images))
            for start in range(0, len(images), self.batch_size):
                rows = order[start : start + self.batch_size]
                error = self.probabilities(images[rows]) - classes[rows]
                self.weights -= self.learning_rate * images[rows].T @ error / len(rows)
        self.run_dir.mkdir(parents=True, exist_ok=True)
        np.savez(self.run_dir / "last.npz", weights=self.weights)

    def probabilities(self, images):
        """Of each digit, for each image."""
        scores = images @ self.weights
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def test(self, images, digits):
        """Measure, and leave the numbers beside the checkpoint."""
        probabilities = self.probabilities(images)
        metrics = {
            "test_accuracy": round(float(np.mean(probabilities.argmax(axis=1) == digits)), 4),
            "test_loss": round(
                float(-np.mean(np.log(probabilities[np.arange(len(digits)), digits]))), 4
            ),
        }
        (self.run_dir / "metrics.json").write_text(json.dumps(metrics))
