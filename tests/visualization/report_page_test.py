import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from keras_imgdesc.visualization.report_page import THUMBNAIL, image_item, report_page


class Page(HTMLParser):
    """The images, tags and text of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.images, self.tags, self.text = [], [], ""
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data):
        self.text += data


def test_an_image_is_embedded_as_a_thumbnail():
    image = np.full((300, 600, 3), 200, np.uint8)
    (tag,) = Page(image_item(image, "a grey wall", "")).images
    kind, data = tag["src"].split(",")
    assert kind == "data:image/jpeg;base64" and tag["alt"] == "a grey wall"
    with Image.open(io.BytesIO(base64.b64decode(data))) as thumbnail:
        assert thumbnail.size == (THUMBNAIL, THUMBNAIL // 2)


def test_all_text_is_escaped():
    attack = '"<script>alert(1)</script>'
    item = image_item(np.zeros((8, 8, 3), np.uint8), attack, attack)
    page = Page(report_page(attack, {attack: attack}, [item]))
    assert "script" not in page.tags
    # Title, heading, name and value in the table, text and note of the image.
    assert page.text.count(attack) == 6 and page.images[0]["alt"] == attack


def test_names_and_captions_are_shown_as_text_on_one_line():
    strange = "<b>&\n\x1b[2J\u202e\udcff"
    shown = "<b>&\\n\\x1b[2J\\u202e\\udcff"
    item = image_item(np.zeros((4, 4, 3), np.uint8), strange, strange)
    content = report_page(strange, {strange: strange}, [item])
    content.encode("utf-8")
    page = Page(content)
    assert page.text.count(shown) == 6 and "b" not in page.tags
    assert page.images[0]["alt"] == shown
