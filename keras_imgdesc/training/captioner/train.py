"""The steps of a captioner's training."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.captioning import (
    CaptionLoss,
    ImageCaptioner,
    build_decoder,
    joint_model,
)
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_metrics import default_metrics
from keras_imgdesc.evaluation.captions.free_running import (
    compile_search,
    describe_features,
)
from keras_imgdesc.evaluation.metric import compute_metrics
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.training.captioner.batches import Augmentation, epoch_batches
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.self_critical import SelfCritical, stop_dropout
from keras_imgdesc.training.inputs.images import (
    cached_features,
    read_pixels,
    tokenize_captions,
    without_failed,
)
from keras_imgdesc.training.optimizers.build import build_optimizer
from keras_imgdesc.training.optimizers.moving_average import MovingAverage
from keras_imgdesc.training.run import TrainingRun, check_finite
from keras_imgdesc.training.run_directory import numbered
from keras_imgdesc.vision import build_encoder

# Captions of validation pictures written down after each epoch.
SAMPLES = 12


class CaptionerRun(TrainingRun):
    """One run of `train_captioner`, which says what it does.

    Args:
        recipe, run_dir, train, validation, progress: as there.
    """

    def __init__(
        self,
        recipe: CaptionRecipe,
        run_dir: Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        progress: bool,
    ) -> None:
        super().__init__(recipe, run_dir, progress=progress)
        self.collection = train
        self.validation = CaptionCollection(
            validation.examples[: recipe.validation_images]
        )
        keras.utils.set_random_seed(recipe.seed)
        self.captioner = self._build()
        self.augmentation = Augmentation(recipe.flip, recipe.crop, recipe.colour)
        self.cached, self.trained = self._parts()
        if recipe.objective == "self_critical" and self.trained is not None:
            raise InputError(
                "Self-critical training is of the decoder alone",
                'Freeze the encoder: encoder_options={"trainable_from": "none"}',
                trainable_from=self.captioner.image_encoder.trainable_from,
            )
        self.views = recipe.views if self.cached and self.augmentation else 1
        self.gather, self.collection = self._gatherer(train, "train", self.views)
        self.model = self.captioner.decoder
        self.input_name = "feature_map"
        if self.trained is not None:
            self.model = joint_model(self.trained, self.captioner.decoder)
            self.input_name = "image"
        tokenizer = self.captioner.tokenizer
        self.token_ids = tokenize_captions(
            self.collection, tokenizer, recipe.captions_per_image
        )
        self.batches_per_epoch = self._batches_per_epoch()
        self.search = compile_search(
            self.captioner.decoder,
            tokenizer,
            num_beams=recipe.num_beams,
            length_penalty=recipe.length_penalty,
        )
        self._compile()
        self.average = MovingAverage(self.model, recipe.average_decay)

    @property
    def patience(self) -> int:
        return self.recipe.patience

    def evaluated_weights(self) -> AbstractContextManager[None]:
        return self.average.applied()

    def save(self, place: str) -> None:
        self.captioner.save_to_preset(
            self.directory.path / place, recipe=self.recipe.as_dict()
        )

    def variables(self) -> dict[str, Any]:
        return numbered(
            w=self.model.weights,
            o=self.model.optimizer.variables,
            a=self.average.variables,
        )

    def _build(self) -> ImageCaptioner:
        recipe = self.recipe
        if recipe.start_from:
            captioner = ImageCaptioner.from_preset(recipe.start_from)
            wanted = recipe.encoder_options.get("trainable_from", "none")
            captioner.image_encoder.set_trainable_from(wanted)
            return captioner
        vocabulary = Vocabulary.build(self.collection.captions(), recipe.min_count)
        tokenizer = CaptionTokenizer(vocabulary, recipe.sequence_length)
        encoder = build_encoder(recipe.encoder, **recipe.encoder_options)
        decoder = build_decoder(
            "lstm",
            len(vocabulary),
            encoder.feature_map_shape,
            **recipe.decoder_options,
        )
        return ImageCaptioner(encoder, decoder, tokenizer)

    def _parts(self):
        """The part of the encoder whose output is kept, and the part trained."""
        encoder = self.captioner.image_encoder
        cached, trained = encoder.split()
        if trained is not None and self.augmentation and self.recipe.views == 1:
            return None, encoder
        return cached, trained

    def _gatherer(
        self, collection: CaptionCollection, name: str, views: int = 1
    ) -> tuple[Callable[[np.ndarray], np.ndarray], CaptionCollection]:
        """How to get the model's inputs by position, and the pictures they are of."""
        if self.cached is None:
            pixels, failed = read_pixels(
                collection, self.captioner.image_encoder.image_size
            )
            return lambda indices: pixels[indices], without_failed(collection, failed)
        cache, collection = cached_features(
            self.cached,
            collection,
            self.directory.path / "features" / name,
            views=views,
            augmentation=self.augmentation,
            image_size=self.captioner.image_encoder.image_size,
            seed=self.recipe.seed,
            progress=self.progress,
        )
        return cache.gather, collection

    def _batches_per_epoch(self) -> int:
        pictures, captions, _ = self.token_ids.shape
        units = self.recipe.batch_size // self.recipe.captions_per_image
        total = pictures * captions if self.recipe.captions_per_image == 1 else pictures
        if total < units:
            raise InputError(
                "There must be enough pictures for a batch",
                "Use a smaller batch_size",
                batch_size=self.recipe.batch_size,
                pictures=pictures,
            )
        return total // units

    def _compile(self) -> None:
        recipe = self.recipe
        optimizer = build_optimizer(
            recipe,
            self.batches_per_epoch * recipe.epochs,
            slow=self.captioner.image_encoder.trainable_variables,
        )
        if recipe.objective == "self_critical":
            loss = CaptionLoss(0.0, normalization="captions")
            stop_dropout(self.model)
        else:
            loss = CaptionLoss(recipe.label_smoothing, recipe.attention_penalty)
        self.model.compile(optimizer, loss)
        optimizer.build(self.model.trainable_variables)

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        recipe = self.recipe
        gather = self.gather
        if self.views > 1:
            generator = np.random.default_rng([recipe.seed, epoch, self.views])

            def gather(which):
                drawn = generator.integers(self.views, size=len(which))
                return self.gather(self.views * which + drawn)

        if recipe.objective == "self_critical":
            return self._fit_self_critical(gather, epoch)
        batches = epoch_batches(
            gather,
            self.input_name,
            self.token_ids,
            batch_size=recipe.batch_size,
            captions_per_image=recipe.captions_per_image,
            seed=recipe.seed,
            epoch=epoch,
            augmentation=self.augmentation if self.cached is None else None,
        )
        history = self.model.fit(
            batches,
            verbose=0,
            shuffle=False,
            callbacks=[self.average, *self.callbacks(epoch, self.batches_per_epoch)],
        )
        return {name: float(values[-1]) for name, values in history.history.items()}

    def _fit_self_critical(self, gather, epoch: int) -> dict[str, float]:
        if not hasattr(self, "_self_critical"):
            self._self_critical = SelfCritical(
                self.captioner,
                self.token_ids,
                self.recipe.captions_per_image,
                self.recipe.seed,
                self.recipe.temperature,
            )
        batches = self._self_critical.batches(
            gather,
            len(self.token_ids),
            self.recipe.batch_size // self.recipe.captions_per_image,
            epoch,
        )
        rewards = []
        bar = self.steps(batches, epoch, self.batches_per_epoch)
        for step, (batch, reward) in enumerate(bar):
            logs = self.model.train_on_batch(*batch, return_dict=True)
            check_finite(logs, epoch, step)
            self.average.on_train_batch_end(step)
            rewards.append(reward)
            bar.set_postfix(reward=f"{np.mean(rewards):.3f}")
        return {"reward": float(np.mean(rewards))}

    def validate(self, epoch: int) -> dict[str, Any]:
        texts = describe_features(
            self.search, self.captioner.tokenizer, self._validation_features()
        )
        metrics = default_metrics(self.validation, self.recipe.metric)
        scores = compute_metrics(metrics, texts, self.validation)
        folder = self.directory.path / "samples"
        folder.mkdir(exist_ok=True)
        lines = [
            f"{e.image_id}\t{t}"
            for e, t in zip(self.validation.examples[:SAMPLES], texts, strict=False)
        ]
        (folder / f"epoch_{epoch + 1:03d}.txt").write_text("\n".join(lines) + "\n")
        return scores | {"score": scores[self.recipe.metric]}

    def _validation_features(self):
        """A generator of batches of feature maps of the validation pictures."""
        if not hasattr(self, "_validation_gather"):
            self._validation_gather, self.validation = self._gatherer(
                self.validation, "validation"
            )
        for start in range(0, len(self.validation), 50):
            stop = min(start + 50, len(self.validation))
            inputs = self._validation_gather(np.arange(start, stop))
            if self.trained is not None:
                inputs = self.trained.predict_on_batch(inputs)
            yield inputs
