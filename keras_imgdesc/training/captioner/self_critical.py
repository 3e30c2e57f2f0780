"""Self-critical training: captions are drawn, scored, and made likelier or rarer."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_imgdesc.backend import compile_function
from keras_imgdesc.captioning import ImageCaptioner, draw_noise, sample
from keras_imgdesc.training.captioner.cider_reward import CiderReward


def stop_dropout(model: keras.Model) -> None:
    """Sets every dropout of a model to 0, before it is compiled.

    Captions are drawn without dropout: what is learned must be of the same model.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


class SelfCritical:
    """Draws captions of pictures and weighs them by how good they are.

    Several captions of each picture are drawn from the decoder as it is. The weight
    of each is its CIDEr-D less the mean of the others' of the same picture, so that
    captions better than their fellows become likelier. The score sees the end token:
    a caption that breaks off is worse.

    Args:
        captioner: whose decoder draws; it reads feature maps.
        references: int32 (pictures, captions, length), padded token ids, the start
            token first.
        samples: captions drawn of each picture, at least 2.
        seed: of the draws.
        temperature: of the draws. At 1 a decoder trained on smoothed labels strays so
            often that short captions win; below 1 what is drawn is like what a search
            finds.

    Reference:
        Rennie et al., "Self-critical Sequence Training for Image Captioning",
        https://arxiv.org/abs/1612.00563; the mean of the other samples in the place
        of a greedy caption: Luo, "A Better Variant of Self-Critical Sequence
        Training", https://arxiv.org/abs/2003.09971
    """

    def __init__(
        self,
        captioner: ImageCaptioner,
        references: np.ndarray,
        samples: int,
        seed: int,
        temperature: float = 1.0,
    ) -> None:
        self.samples, self.seed = samples, seed
        self._pad = captioner.tokenizer.vocabulary.pad_id
        self._start = captioner.tokenizer.vocabulary.start_id
        self._reward = CiderReward(
            [[self._words(c[1:]) for c in captions] for captions in references]
        )
        self._max_length = references.shape[-1] - 1
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
        pictures: int,
        pictures_per_batch: int,
        epoch: int,
    ) -> Iterator[tuple[tuple[Any, Any, Any], float]]:
        """The batches of one epoch, each drawn from the decoder as it is by then.

        Args:
            gather: positions of pictures to feature maps.
            pictures: how many there are.
            pictures_per_batch: an incomplete last batch is left out.
            epoch: decides order and draws, with the seed.

        Yields:
            `(inputs, token_ids, weights)` for `train_on_batch`, and the mean score of
            the captions drawn.
        """
        order = np.random.default_rng([self.seed, epoch]).permutation(pictures)
        for start in range(0, pictures - pictures_per_batch + 1, pictures_per_batch):
            chosen = order[start : start + pictures_per_batch]
            features = gather(chosen)
            noise = draw_noise(
                self.seed * 100_003 + epoch,
                chosen.tolist(),
                self.samples,
                self._max_length,
            )
            drawn = np.asarray(self._draw(features, noise))
            rewards = np.array(
                [
                    [self._reward(picture, self._words(c)) for c in captions]
                    for picture, captions in zip(chosen, drawn, strict=True)
                ],
                np.float32,
            )
            yield self._batch(features, drawn, rewards), float(rewards.mean())

    def _batch(
        self, features: np.ndarray, drawn: np.ndarray, rewards: np.ndarray
    ) -> tuple[Any, Any, Any]:
        others = rewards.sum(axis=1, keepdims=True) - rewards
        advantages = (rewards - others / (self.samples - 1)).reshape(-1, 1)
        token_ids = drawn.reshape(-1, drawn.shape[-1])
        first = np.full((len(token_ids), 1), self._start, token_ids.dtype)
        before = np.concatenate([first, token_ids[:, :-1]], axis=1)
        weights = advantages * (token_ids != self._pad)
        inputs = {"feature_map": features, "token_ids": before}
        return inputs, token_ids, weights.astype(np.float32)

    def _words(self, token_ids: np.ndarray) -> list[int]:
        return [int(i) for i in token_ids if i != self._pad]
