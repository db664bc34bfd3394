"""Picks the adapters. The only room that knows which vendor stands behind which port."""

from branchline.wiring.boxes import (
    branch_instead,
    branch_rules,
    check_box,
    default_branch_of_clone,
    delete_box,
    find_box,
    first_push,
    make_box,
    open_box,
    open_far,
    open_remotes,
    over_ssh,
    recent_authors,
    user_name,
)
from branchline.wiring.declared import (
    CONFIG_FILE,
    declared_models,
    dvc_address,
    folder_files,
    load_config,
    unread_config,
)
from branchline.wiring.opening import open_project, open_worktree
from branchline.wiring.projects import STATE_DIR, Shared, look_again
from branchline.wiring.registries import (
    open_artifacts,
    open_registry,
    open_tracker,
    registry_appliers,
)

__all__ = [
    "CONFIG_FILE",
    "STATE_DIR",
    "Shared",
    "branch_instead",
    "branch_rules",
    "check_box",
    "declared_models",
    "default_branch_of_clone",
    "delete_box",
    "dvc_address",
    "find_box",
    "first_push",
    "folder_files",
    "load_config",
    "look_again",
    "make_box",
    "open_artifacts",
    "open_box",
    "open_far",
    "open_project",
    "open_registry",
    "open_remotes",
    "open_tracker",
    "open_worktree",
    "over_ssh",
    "recent_authors",
    "registry_appliers",
    "unread_config",
    "user_name",
]
