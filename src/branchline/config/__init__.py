"""branchline.yaml and dvc.yaml into Policy and Pipeline; all errors at once, each with its line."""
