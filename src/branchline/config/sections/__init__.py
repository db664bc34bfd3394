"""The schema of branchline.yaml as data, by section."""
