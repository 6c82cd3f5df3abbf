"""`python -m training`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it once, when it is imported
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from training.cli import main

if __name__ == "__main__":
    main()
