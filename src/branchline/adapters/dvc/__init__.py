"""DVC's files, read and written without DVC: cache, dvc.lock, run cache, locks, ignore files."""
