"""Scenes: procedurally drawn images whose captions can be checked exactly."""

from keras_imgdesc.data.scenes.caption_reading import (
    ParsedCaption,
    graph_matches,
    objects_match,
    parse_caption,
    relations_match,
)
from keras_imgdesc.data.scenes.caption_writing import EXCHANGEABLE, caption_scene
from keras_imgdesc.data.scenes.loading import draw_scenes, load_scenes
from keras_imgdesc.data.scenes.making import make_scene
from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.data.scenes.scene_object import SceneObject

__all__ = [
    "EXCHANGEABLE",
    "ParsedCaption",
    "SceneGraph",
    "SceneObject",
    "caption_scene",
    "draw_scenes",
    "graph_matches",
    "load_scenes",
    "make_scene",
    "objects_match",
    "parse_caption",
    "relations_match",
]
