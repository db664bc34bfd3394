"""Read handwritten digits with a trainer class, a job file and dotted options."""

import argparse

from lab.trainer import Trainer
from omegaconf import OmegaConf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def main():
    """Train and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", default="jobs/small.yaml")
    parser.add_argument("overrides", nargs="*", help="dotted options: trainer.epochs=20")
    options = parser.parse_args()
    config = OmegaConf.merge(OmegaConf.load(options.job), OmegaConf.from_dotlist(options.overrides))
    images, digits = load_digits(return_X_y=True)
    train, test, train_digits, test_digits = train_test_split(
        images / 16, digits, test_size=0.3, random_state=config.seed
    )
    trainer = Trainer(**config.trainer, run_dir=config.run_dir, seed=config.seed)
    trainer.fit(train, train_digits)
    trainer.test(test, test_digits)


if __name__ == "__main__":
    main()
