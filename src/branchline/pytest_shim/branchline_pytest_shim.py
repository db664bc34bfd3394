"""Makes the plugin of Branchline known to a pytest that runs in another environment than ours.

Stands alone in its folder, which `flows.model_tests` puts at the end of Python's path: importing
this finds Branchline beside it, and nothing else of our environment.
"""

import importlib.util
import os
import sys

pytest_plugins = []

if sys.version_info >= (3, 11):
    if importlib.util.find_spec("branchline") is None:
        _folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        _spec = importlib.util.spec_from_file_location(
            "branchline",
            os.path.join(_folder, "__init__.py"),
            submodule_search_locations=[_folder],
        )
        if _spec is not None and _spec.loader is not None:
            _module = importlib.util.module_from_spec(_spec)
            sys.modules["branchline"] = _module
            _spec.loader.exec_module(_module)
    pytest_plugins.append("branchline.pytest_plugin")
