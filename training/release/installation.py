"""Where publication finds `install_release`, which installs releases from elsewhere too."""

from model_store.installation import install_release

__all__ = ["install_release"]
