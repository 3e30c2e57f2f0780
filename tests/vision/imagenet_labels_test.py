from keras_imgdesc.vision import imagenet_labels


def test_there_are_a_thousand_names_in_imagenets_order():
    labels = imagenet_labels()
    assert len(set(labels)) == 1000
    # Positions of ILSVRC 2012, counted from 0.
    assert labels[0] == "tench, Tinca tinca"
    assert labels[285] == "Egyptian cat"
    assert labels[967] == "espresso"
    assert labels[999].startswith("toilet tissue")
