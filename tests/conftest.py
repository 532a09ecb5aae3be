"""What every test shares: real models, found or asked for by name, and reproducible property tests."""

import os
from pathlib import Path

import hypothesis
import pytest

# A library that would fetch weights from a hub must fail at once instead: the product is offline.
os.environ["HF_HUB_OFFLINE"] = "1"

ROOT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile("reproducible", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder of the installed models."""
    return ROOT / "models"
