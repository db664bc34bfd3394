"""What libraries removed, and how a program that still uses it fails. Pure data.

Each row: a pattern of the last lines of a traceback, the package, the bound before which it worked,
and why. From the libraries' own release notes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Removed:
    """One thing that is gone: how it is met, whose it was, the bound, and what to say."""

    pattern: re.Pattern[str]
    package: str
    bound: str
    why: str


def _row(pattern: str, package: str, bound: str, why: str) -> Removed:
    return Removed(re.compile(pattern), package, bound, why)


_GONE_NUMPY_1 = "float|int|bool|object|str|complex|long|unicode"
_GONE_NUMPY_2 = (
    "float_|complex_|Inf|Infinity|NaN|NAN|PINF|NINF|unicode_|string_|cfloat|infty|product|cumproduct|"
    "sometrue|alltrue|round_|asfarray|mat|find_common_type|cast|source|set_string_function|safe_eval"
)
_NAMED = r"No module named '{0}'|cannot import name '{1}' from '{2}"


def _named(module: str, name: str, package: str) -> str:
    return _NAMED.format(re.escape(module), name, re.escape(package))


REMOVED = (
    # NumPy
    _row(
        rf"module 'numpy' has no attribute '({_GONE_NUMPY_1})'",
        "numpy",
        "<1.24",
        "NumPy 1.24 removed `np.{0}`, its alias of Python's own type",
    ),
    _row(
        rf"(?:`np\.|module 'numpy' has no attribute ')({_GONE_NUMPY_2})(?:`|')",
        "numpy",
        "<2",
        "NumPy 2.0 removed `np.{0}`",
    ),
    _row(
        r"module 'numpy' has no attribute '(asscalar)'", "numpy", "<1.23", "NumPy 1.23 removed it"
    ),
    _row(
        r"compiled using NumPy 1\.x cannot be run in|numpy\.dtype size changed|"
        r"numpy\.core\.multiarray failed to import|_ARRAY_API not found",
        "numpy",
        "<2",
        "a package was compiled for NumPy 1 and does not load with NumPy 2",
    ),
    _row(
        r"numpy\.ndarray size changed, may indicate binary incompatibility",
        "numpy",
        "<2",
        "a package was compiled for another NumPy",
    ),
    # scikit-learn
    _row(
        r"`?(load_boston)`? has been removed|cannot import name '(load_boston)'",
        "scikit-learn",
        "<1.2",
        "scikit-learn 1.2 removed `load_boston`",
    ),
    _row(
        r"No module named 'sklearn\.externals(?:\.(?:joblib|six))?'|"
        r"cannot import name '(?:joblib|six)' from 'sklearn\.externals'",
        "scikit-learn",
        "<0.23",
        "scikit-learn 0.23 removed `joblib` and `six` from `sklearn.externals`",
    ),
    _row(
        r"No module named 'sklearn\.(cross_validation|grid_search|learning_curve)'",
        "scikit-learn",
        "<0.20",
        "scikit-learn 0.20 removed `sklearn.{0}`",
    ),
    _row(
        r"cannot import name '(Imputer|OneHotEncoderImputer)' from 'sklearn\.preprocessing",
        "scikit-learn",
        "<0.22",
        "scikit-learn 0.22 removed `Imputer`",
    ),
    _row(
        r"cannot import name '(plot_(?:confusion_matrix|roc_curve|precision_recall_curve|"
        r"partial_dependence))' from 'sklearn",
        "scikit-learn",
        "<1.2",
        "scikit-learn 1.2 removed `{0}`",
    ),
    _row(
        r"object has no attribute '(get_feature_names)'",
        "scikit-learn",
        "<1.2",
        "scikit-learn 1.2 removed `get_feature_names`",
    ),
    _row(
        r"OneHotEncoder\.__init__\(\) got an unexpected keyword argument '(sparse)'",
        "scikit-learn",
        "<1.4",
        "scikit-learn 1.4 removed the argument `sparse`",
    ),
    _row(
        r"unexpected keyword argument '(base_estimator)'",
        "scikit-learn",
        "<1.4",
        "scikit-learn 1.4 removed the argument `base_estimator`",
    ),
    _row(
        r"mean_squared_error\(\)? ?got an unexpected keyword argument '(squared)'|"
        r"got an unexpected keyword argument '(squared)'",
        "scikit-learn",
        "<1.6",
        "scikit-learn 1.6 removed the argument `squared`",
    ),
    _row(
        r"object has no attribute '__sklearn_tags__'",
        "scikit-learn",
        "<1.6",
        "scikit-learn 1.6 asks estimators for their tags in another way",
    ),
    # pandas
    _row(
        r"'(?:DataFrame|Series)' object has no attribute '(append|iteritems|lookup|mad)'",
        "pandas",
        "<2",
        "pandas 2.0 removed `{0}` of data frames",
    ),
    _row(
        r"'(?:DataFrame|Series)' object has no attribute '(ix|as_matrix|get_value|set_value|"
        r"get_dtype_counts|ftypes|as_blocks)'",
        "pandas",
        "<1",
        "pandas 1.0 removed `{0}` of data frames",
    ),
    _row(
        r"'(?:DataFrame|Series|Styler)' object has no attribute '(applymap|swapaxes|first|last)'",
        "pandas",
        "<3",
        "pandas 3.0 removed `{0}` of data frames",
    ),
    _row(
        r"unexpected keyword argument '(error_bad_lines|warn_bad_lines|line_terminator|squeeze|"
        r"mangle_dupe_cols|prefix)'",
        "pandas",
        "<2",
        "pandas 2.0 removed the argument `{0}`",
    ),
    _row(
        r"module 'pandas' has no attribute '(Int64Index|Float64Index|UInt64Index|datetime|np)'|"
        r"cannot import name '(Int64Index|Float64Index|UInt64Index)' from 'pandas",
        "pandas",
        "<2",
        "pandas 2.0 removed `pandas.{0}`",
    ),
    _row(
        r"No module named 'pandas\.util\.testing'|module 'pandas\.util' has no attribute 'testing'",
        "pandas",
        "<2",
        "pandas 2.0 removed `pandas.util.testing`",
    ),
    _row(
        r"module 'pandas' has no attribute '(Panel|scatter_matrix|rolling_mean|TimeGrouper)'",
        "pandas",
        "<0.25",
        "pandas 0.25 removed `pandas.{0}`",
    ),
    # SciPy
    _row(
        r"(?:cannot import name '|module 'scipy\.misc' has no attribute ')"
        r"(imread|imresize|imsave|imshow|imrotate)'",
        "scipy",
        "<1.2",
        "SciPy 1.2 and 1.3 removed `scipy.misc.{0}`",
    ),
    _row(
        r"(?:cannot import name '|module 'scipy\.integrate' has no attribute ')"
        r"(simps|trapz|cumtrapz)'",
        "scipy",
        "<1.14",
        "SciPy 1.14 removed `scipy.integrate.{0}`",
    ),
    _row(
        r"cannot import name '(triu|tril)' from 'scipy\.linalg",
        "scipy",
        "<1.13",
        "SciPy 1.13 removed `scipy.linalg.{0}`",
    ),
    # Others
    _row(
        r"module 'tensorflow' has no attribute '(Session|placeholder|get_default_graph|ConfigProto|"
        r"global_variables_initializer|app|flags|set_random_seed)'|No module named "
        r"'tensorflow\.(contrib)|No module named 'tensorflow\.(examples)",
        "tensorflow",
        "<2",
        "TensorFlow 2 removed `{0}` of version 1",
    ),
    _row(
        r"Descriptors cannot (?:not )?be created directly",
        "protobuf",
        "<3.21",
        "generated code of an older protobuf does not load with version 4",
    ),
    _row(
        r"load\(\) missing 1 required positional argument: 'Loader'",
        "pyyaml",
        "<6",
        "PyYAML 6 asks `yaml.load` for a loader",
    ),
    _row(
        r"cannot import name '(escape|Markup|contextfilter|environmentfilter)' from 'jinja2",
        "jinja2",
        "<3.1",
        "Jinja 3.1 removed `{0}`",
    ),
    _row(
        r"cannot import name '(soft_unicode)' from 'markupsafe",
        "markupsafe",
        "<2.1",
        "MarkupSafe 2.1 removed `{0}`",
    ),
    _row(
        r"__init__\(\) got an unexpected keyword argument '(size|iter)'(?=[\s\S]*)",
        "gensim",
        "<4",
        "gensim 4 renamed the argument `{0}` of `Word2Vec`",
    ),
    _row(
        r"Trainer\.__init__\(\) got an unexpected keyword argument '(gpus|"
        r"progress_bar_refresh_rate|checkpoint_callback|weights_summary|tpu_cores)'",
        "pytorch-lightning",
        "<2",
        "Lightning 2.0 removed the argument `{0}` of `Trainer`",
    ),
    _row(
        r"Weights only load failed",
        "torch",
        "<2.6",
        "since PyTorch 2.6 `torch.load` reads nothing but weights unless it is told to",
    ),
    _row(
        r"No module named 'torchtext\.(legacy)'",
        "torchtext",
        "<0.12",
        "torchtext 0.12 removed `torchtext.legacy`",
    ),
    _row(
        r"fit\(\) got an unexpected keyword argument '(early_stopping_rounds|eval_metric|verbose)'",
        "xgboost",
        "<2.1",
        "XGBoost 2.1 takes `{0}` in the constructor alone",
    ),
    _row(
        r"(?:train|cv)\(\) got an unexpected keyword argument '(verbose_eval|early_stopping_rounds|"
        r"evals_result)'",
        "lightgbm",
        "<4",
        "LightGBM 4 removed the argument `{0}`",
    ),
    _row(
        r"object has no attribute '(fit_sample)'",
        "imbalanced-learn",
        "<0.8",
        "imbalanced-learn 0.8 removed `{0}`",
    ),
    _row(
        r"module 'networkx' has no attribute '(from_numpy_matrix|to_numpy_matrix|"
        r"from_pandas_dataframe)'",
        "networkx",
        "<3",
        "NetworkX 3 removed `{0}`",
    ),
    _row(
        r"No module named 'pkg_resources'",
        "setuptools",
        "<81",
        "newer versions of setuptools come without `pkg_resources`",
    ),
)
