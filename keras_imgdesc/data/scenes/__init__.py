"""Scenes: procedurally drawn images whose captions can be checked exactly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.data.scenes.caption_reading import ParsedCaption as ParsedCaption
    from keras_imgdesc.data.scenes.caption_reading import graph_matches as graph_matches
    from keras_imgdesc.data.scenes.caption_reading import objects_match as objects_match
    from keras_imgdesc.data.scenes.caption_reading import parse_caption as parse_caption
    from keras_imgdesc.data.scenes.caption_reading import (
        relations_match as relations_match,
    )
    from keras_imgdesc.data.scenes.caption_writing import EXCHANGEABLE as EXCHANGEABLE
    from keras_imgdesc.data.scenes.caption_writing import caption_scene as caption_scene
    from keras_imgdesc.data.scenes.loading import draw_scenes as draw_scenes
    from keras_imgdesc.data.scenes.loading import load_scenes as load_scenes
    from keras_imgdesc.data.scenes.making import make_scene as make_scene
    from keras_imgdesc.data.scenes.scene_graph import SceneGraph as SceneGraph
    from keras_imgdesc.data.scenes.scene_object import SceneObject as SceneObject

_HOMES = {
    "EXCHANGEABLE": "caption_writing",
    "ParsedCaption": "caption_reading",
    "SceneGraph": "scene_graph",
    "SceneObject": "scene_object",
    "caption_scene": "caption_writing",
    "draw_scenes": "loading",
    "graph_matches": "caption_reading",
    "load_scenes": "loading",
    "make_scene": "making",
    "objects_match": "caption_reading",
    "parse_caption": "caption_reading",
    "relations_match": "caption_reading",
}

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


def __getattr__(name: str) -> Any:
    # Imported on first use: reading a caption does not need what draws the images.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
