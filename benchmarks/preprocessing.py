"""Our preprocessing against scikit-image, and sparse against dense: `python benchmarks/preprocessing.py`."""

import numpy as np
from measuring import compare, print_machine
from skimage.transform import resize

from shared.ion_image import make_ion_image
from shared.preprocessing import preprocess, resize_operator

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
    rows, columns = resize_operator(height), resize_operator(width)
    dense_rows, dense_columns = rows.toarray(), columns.toarray()
    compare(
        "resize by dense matrices, BLAS with its threads",
        lambda found=ion_images, r=dense_rows, c=dense_columns: [r @ one.intensities @ c.T for one in found],
        "resize by sparse matrices",
        lambda found=ion_images, r=rows, c=columns: [(c @ (r @ one.intensities).T).T for one in found],
        IMAGES,
    )
