"""Modules and the distributions that they come in. Pure data, from the projects' documentation.

A name that does not stand here is never installed for its own sake: whoever registers the name of
somebody's private module would have its code run.
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
    "surprise": "scikit-surprise",
    "haiku": "dm-haiku",
    "grpc": "grpcio",
    "paddle": "paddlepaddle",
    "pyro": "pyro-ppl",
    "tables": "tables",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Module -> distribution."""

SAME_NAME = frozenset(
    str.split(
        "accelerate albumentations altair arviz astropy autogluon bokeh boto3 catboost click"
        " comet_ml cvxpy cython dash dask datasets deap dgl dill diffusers django docopt"
        " duckdb einops evaluate fairseq fastai fasttext featuretools filterpy fire flask flax"
        " fsspec gensim geopandas gluonts graphviz gym gymnasium h5py hdbscan holidays hyperopt"
        " imageio imgaug jax jieba joblib keras keras_tuner kornia librosa lightgbm lightning lime"
        " llvmlite lmdb loguru lxml matplotlib missingno mlflow mlxtend monai mplfinance msgpack"
        " nbformat neptune networkx nibabel nilearn nltk numba numexpr numpy omegaconf"
        " onnx onnxruntime openpyxl optuna pandas papermill pathlib2 patsy peft pingouin"
        " plotly plotnine pmdarima polars prettytable prophet psutil pyarrow pydantic pydicom pydot"
        " pymc3 pymongo pyod pyspark pytest pytz ray redis regex requests rich sacrebleu"
        " safetensors scipy seaborn segmentation_models_pytorch sentencepiece setuptools shap"
        " simplejson simpletransformers six soundfile spacy sqlalchemy statsmodels streamlit"
        " sympy tabulate tensorboard tensorboardX tensorflow tensorflow_datasets"
        " tensorflow_hub termcolor textblob tflearn thop threadpoolctl tifffile timm tokenizers"
        " toml toolz torch torchaudio torchmetrics torchsummary torchtext torchvision tornado tqdm"
        " transformers tsfresh typer typing_extensions ujson unidecode wandb wordcloud xarray"
        " xgboost xlrd xlsxwriter xlwt yellowbrick zarr"
    )
)
"""Modules of well-known distributions that have their name."""

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
    """The distribution that a module comes in; "" where it is not known here.

    >>> distribution_of("sklearn.svm"), distribution_of("tqdm"), distribution_of("acme_utils")
    ('scikit-learn', 'tqdm', '')
    """
    top = module.partition(".")[0]
    own = top.replace("_", "-").lower() if top in SAME_NAME else ""
    return DISTRIBUTIONS.get(top, own)
