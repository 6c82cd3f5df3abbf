"""Our preprocessing against scikit-image's resize alone, per image size: `python benchmarks/preprocessing.py`."""

import numpy as np
from measuring import compare, print_machine
from skimage.transform import resize

from shared.ion_image import make_ion_image
from shared.preprocessing import preprocess

IMAGES = 200

print_machine()
generator = np.random.default_rng(0)
for height, width in ((120, 180), (300, 400)):
    ion_images = [make_ion_image(generator.random((height, width), dtype=np.float32)) for _ in range(IMAGES)]
    print(f"{IMAGES} ion images of {height} x {width} px")
    compare(
        "scikit-image resize, without scaling and clipping",
        lambda found=ion_images: [resize(one.intensities, (56, 56), order=1, anti_aliasing=True) for one in found],
        "preprocess, whole",
        lambda found=ion_images: preprocess(found),
        IMAGES,
    )
