"""`python -m keras_imgdesc`."""

from keras_imgdesc.cli import main

if __name__ == "__main__":
    main()
