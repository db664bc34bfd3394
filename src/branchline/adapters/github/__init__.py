"""GitHub and GitHub Enterprise: pull requests, checks, comments, workflows, assets."""
