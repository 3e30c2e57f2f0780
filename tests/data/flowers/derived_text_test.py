from keras_imgdesc.data.flowers import derive_captions
from keras_imgdesc.text.standardization import standardize_list


def test_every_caption_has_the_name_and_all_but_the_last_the_colours():
    captions = derive_captions("water lily", ("pink", "white"))
    assert len(captions) == len(set(captions)) == 6
    assert all("water lily" in caption for caption in captions)
    assert ["pink and white" in caption for caption in captions] == [True] * 5 + [False]


def test_without_a_colour_there_are_five_captions():
    captions = derive_captions("ball moss", ())
    assert len(set(captions)) == 5
    assert all("ball moss" in caption for caption in captions)


def test_articles_fit_the_next_word():
    captions = derive_captions("azalea", ("orange",))
    assert captions[0] == "an orange azalea"
    assert captions[1] == "a photo of an azalea with orange petals"
    assert derive_captions("azalea", ("red",))[0] == "a red azalea"


def test_no_word_is_repeated():
    assert derive_captions("lotus lotus", ("pink",))[0] == "a pink lotus"
    for name in ("pink primrose", "pink-yellow dahlia", "giant white arum lily"):
        for caption in derive_captions(name, ("pink", "white")):
            words = caption.split()
            assert all(a != b for a, b in zip(words, words[1:], strict=False))


def test_captions_are_standardised():
    captions = list(derive_captions("sweet pea", ("purple",)))
    assert standardize_list(captions) == captions
