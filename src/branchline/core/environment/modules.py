"""Modules whose distribution has another name. Pure data.

From the projects' own documentation. A module that does not stand here is taken to come in a
distribution of its own name.
"""

from __future__ import annotations

DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "absl": "absl-py",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "category_encoders": "category-encoders",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "googleapiclient": "google-api-python-client",
    "hydra": "hydra-core",
    "igraph": "python-igraph",
    "imblearn": "imbalanced-learn",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "lightning_fabric": "lightning-fabric",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "mysql": "mysql-connector-python",
    "MySQLdb": "mysqlclient",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pydot_ng": "pydot-ng",
    "pytorch_lightning": "pytorch-lightning",
    "ruamel": "ruamel.yaml",
    "sentence_transformers": "sentence-transformers",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socks": "pysocks",
    "speech_recognition": "speechrecognition",
    "tensorflow_addons": "tensorflow-addons",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Module -> distribution."""

GONE_FROM_PYTHON = {
    "imp": "3.12",
    "distutils": "3.12",
    "asyncore": "3.12",
    "asynchat": "3.12",
    "smtpd": "3.12",
    "binhex": "3.11",
    "parser": "3.10",
    "formatter": "3.10",
    "cgi": "3.13",
    "crypt": "3.13",
    "imghdr": "3.13",
    "pipes": "3.13",
    "sndhdr": "3.13",
    "telnetlib": "3.13",
}
"""Modules of Python's own -> the first version that lacks them, from its "What's New" pages."""


def distribution_of(module: str) -> str:
    """The distribution that a module most likely comes in.

    >>> distribution_of("sklearn.svm"), distribution_of("tqdm")
    ('scikit-learn', 'tqdm')
    """
    top = module.partition(".")[0]
    return DISTRIBUTIONS.get(top, top.replace("_", "-").lower())
