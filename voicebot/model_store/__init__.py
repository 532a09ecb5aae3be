"""Speech models: what there is, where it comes from, whether it is whole."""

from voicebot.model_store.errors import (
    DiskFull,
    FetchFailed,
    ManifestError,
    ModelError,
    ModelMissing,
    Offline,
    UnknownModel,
)
from voicebot.model_store.install import Installed, Installer
from voicebot.model_store.manifest import Manifest, Model, ModelFile, Purpose, load_manifest
from voicebot.model_store.progress import Progress, Silent
from voicebot.model_store.store import ModelStatus, ModelStore, State, default_cache_dir, open_store

__all__ = [
    "DiskFull",
    "FetchFailed",
    "Installed",
    "Installer",
    "Manifest",
    "ManifestError",
    "Model",
    "ModelError",
    "ModelFile",
    "ModelMissing",
    "ModelStatus",
    "ModelStore",
    "Offline",
    "Progress",
    "Purpose",
    "Silent",
    "State",
    "UnknownModel",
    "default_cache_dir",
    "load_manifest",
    "open_store",
]
