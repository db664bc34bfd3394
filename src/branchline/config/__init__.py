"""branchline.yaml and dvc.yaml, read into Policy and Pipeline; every error at once, each with file:line."""
