"""Self-critical training: sampled captions become more or less likely by score."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from keras_imgdesc.backend import compile_function
from keras_imgdesc.captioning import ImageCaptioner, draw_noise, sample
from keras_imgdesc.training.captioner.cider_reward import CiderReward


def stop_dropout(model: keras.Model) -> None:
    """Set the rate of every dropout layer to 0; to be called before compiling.

    Captions are sampled without dropout, and the loss must be that of the same model.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


class SelfCritical:
    """Samples captions of images and weights them by their scores.

    Several captions of each image are sampled from the current decoder. The weight of
    each is its CIDEr-D minus the mean CIDEr-D of the image's other samples, so that
    captions better than the others become more likely. The score includes the end
    token, so a truncated caption scores lower.

    Args:
        captioner: captioner whose decoder is trained, on feature maps.
        references: captions of each image, int32 `(captions, length)`, padded token
            ids that begin with the start token.
        num_samples: captions sampled per image, at least 2.
        seed: seed of the samples.
        temperature: sampling temperature. At 1, a decoder trained with label smoothing
            errs so often that short captions win; below 1, samples resemble the
            results of a search.

    Reference:
        Rennie et al., "Self-critical Sequence Training for Image Captioning",
        https://arxiv.org/abs/1612.00563; with the mean of the other samples instead of
        a greedy caption: Luo, "A Better Variant of Self-Critical Sequence Training",
        https://arxiv.org/abs/2003.09971
    """

    def __init__(
        self,
        captioner: ImageCaptioner,
        references: Sequence[np.ndarray],
        num_samples: int,
        seed: int,
        temperature: float = 1.0,
    ) -> None:
        self.num_samples, self.seed = num_samples, seed
        self._pad = captioner.tokenizer.vocabulary.pad_id
        self._start = captioner.tokenizer.vocabulary.start_id
        self._reward = CiderReward(
            [[self._words(c[1:]) for c in captions] for captions in references]
        )
        self._max_length = references[0].shape[-1] - 1
        decoder, tokens = captioner.decoder, captioner.special_tokens

        def draw(feature_map: Any, noise: Any) -> Any:
            memory, state = decoder.begin(feature_map)
            return sample(
                decoder.step,
                memory,
                state,
                tokens=tokens,
                noise=noise,
                temperature=temperature,
            ).token_ids

        self._draw = compile_function(captioner, draw)

    def batches(
        self,
        gather: Callable[[np.ndarray], np.ndarray],
        num_images: int,
        images_per_batch: int,
        epoch: int,
    ) -> Iterator[tuple[tuple[Any, Any, Any], float]]:
        """Yield the batches of one epoch, each sampled when it is requested.

        Args:
            gather: function from image numbers to feature maps.
            num_images: number of images.
            images_per_batch: images per batch; an incomplete last batch is dropped.
            epoch: determines order and samples, together with the seed.

        Yields:
            `(inputs, token_ids, weights)` for `train_on_batch`, and the mean score of
            the sampled captions.
        """
        order = np.random.default_rng([self.seed, epoch]).permutation(num_images)
        for start in range(0, num_images - images_per_batch + 1, images_per_batch):
            chosen = order[start : start + images_per_batch]
            features = gather(chosen)
            noise = draw_noise(
                self.seed * 100_003 + epoch,
                chosen.tolist(),
                self.num_samples,
                self._max_length,
            )
            drawn = np.asarray(self._draw(features, noise))
            rewards = np.array(
                [
                    [self._reward(image, self._words(c)) for c in captions]
                    for image, captions in zip(chosen, drawn, strict=True)
                ],
                np.float32,
            )
            yield self._batch(features, drawn, rewards), float(rewards.mean())

    def _batch(
        self, features: np.ndarray, drawn: np.ndarray, rewards: np.ndarray
    ) -> tuple[Any, Any, Any]:
        others = rewards.sum(axis=1, keepdims=True) - rewards
        advantages = (rewards - others / (self.num_samples - 1)).reshape(-1, 1)
        token_ids = drawn.reshape(-1, drawn.shape[-1])
        first = np.full((len(token_ids), 1), self._start, token_ids.dtype)
        before = np.concatenate([first, token_ids[:, :-1]], axis=1)
        weights = advantages * (token_ids != self._pad)
        inputs = {"feature_map": features, "token_ids": before}
        return inputs, token_ids, weights.astype(np.float32)

    def _words(self, token_ids: np.ndarray) -> list[int]:
        return [int(i) for i in token_ids if i != self._pad]
