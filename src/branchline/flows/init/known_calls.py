"""Calls of well-known libraries that read or write a path. Tables only; serves `init`."""

from __future__ import annotations

from branchline.flows.init.touched import Role

__all__ = [
    "COPYING",
    "DUMPERS",
    "DUMPING",
    "FETCHING",
    "FILLED",
    "LOADERS",
    "LOG_FILES",
    "READING_METHODS",
    "SECOND_ARGUMENT",
    "TABLES",
    "WRITING_METHODS",
]

WRITING_METHODS = {
    "savefig": Role.PLOT, "save": Role.OTHER, "save_model": Role.MODEL,
    "save_pretrained": Role.MODEL, "save_weights": Role.MODEL, "save_checkpoint": Role.MODEL,
    "to_csv": Role.OTHER, "to_json": Role.OTHER, "to_parquet": Role.OTHER, "to_pickle": Role.OTHER,
    "to_feather": Role.OTHER, "to_excel": Role.OTHER, "to_markdown": Role.OTHER,
    "write_bytes": Role.OTHER, "write_csv": Role.OTHER, "write_parquet": Role.OTHER,
    "write_text": Role.OTHER, "savetxt": Role.OTHER, "savez": Role.OTHER,
    "savez_compressed": Role.OTHER, "save_file": Role.MODEL, "write_html": Role.PLOT,
    "write_image": Role.PLOT,
}  # fmt: skip
READING_METHODS = {
    "genfromtxt", "load_from_disk", "loadtxt", "read_bytes", "read_csv", "read_excel",
    "read_feather", "read_json", "read_parquet", "read_pickle", "read_table", "read_text",
    "scan_csv", "scan_parquet", "imread", "image_dataset_from_directory", "ImageFolder",
    "flow_from_directory", "read_ndjson",
}  # fmt: skip
# The path is the first argument of np.save but the second of joblib.dump and torch.save.
SECOND_ARGUMENT = {("joblib", "dump"), ("torch", "save"), ("pickle", "dump"), ("dill", "dump")}
# What stands at the first argument is left at the second, too; or at this keyword.
COPYING = {"copy": "dst", "copy2": "dst", "copyfile": "dst", "move": "dst", "copytree": "dst"}
FETCHING = {"urlretrieve": "filename", "download": "output"}
LOG_FILES = {"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler"}
DUMPERS = {"json", "yaml", "toml", "tomli_w", "OmegaConf", "srsly", "orjson", "simplejson"}
TABLES = {"to_csv", "to_json", "to_markdown", "write_csv"}
DUMPING = {"dump", "dumps", "save", "safe_dump"}
LOADERS = {"joblib", "np", "numpy", "torch", "OmegaConf"}
# Constructors that name a folder or file which training fills: keywords, position, role.
FILLED = {
    "TrainingArguments": (("output_dir",), 0, Role.MODEL),
    "Seq2SeqTrainingArguments": (("output_dir",), 0, Role.MODEL),
    "SFTConfig": (("output_dir",), 0, Role.MODEL),
    "ModelCheckpoint": (("filepath", "dirpath"), 0, Role.MODEL),
    "SummaryWriter": (("log_dir",), 0, Role.OTHER),
    "TensorBoard": (("log_dir",), 0, Role.OTHER),
    "TensorBoardLogger": (("save_dir",), 0, Role.OTHER),
}  # fmt: skip
