"""What a dataset of the command line may read: what the person named, and nothing else."""

from dataclasses import replace

from shared.progress import ProgressCallback
from worker.cli.inputs.local import LocalDataset
from worker.settings import Settings
from worker.sources.opening import SourceAccess


def make_access(dataset: LocalDataset, settings: Settings, watch: ProgressCallback) -> SourceAccess:
    """Access to the dataset's files and stores, with the limits of the settings."""
    stores = replace(settings.store_access, allowed=dataset.stores(settings.metaspace_url))
    return SourceAccess(dataset.roots, settings.limits, settings.fetch_threads, stores, settings.metaspace, watch)
