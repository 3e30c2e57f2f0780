"""`python -m keras_imgdesc.cli`."""

from keras_imgdesc.cli import main

main()
