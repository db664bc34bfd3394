"""branchline.yaml and dvc.yaml into Policy and Pipeline; every error at once, each with its line."""
