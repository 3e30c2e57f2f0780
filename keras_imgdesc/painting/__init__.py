"""Painting: texts to images."""

from keras_imgdesc.painting.layers.conditional_batch_normalization import (
    ConditionalBatchNormalization,
)
from keras_imgdesc.painting.layers.conditioning_augmentation import (
    ConditioningAugmentation,
)
from keras_imgdesc.painting.layers.noise_prior import NoisePrior
from keras_imgdesc.painting.layers.sharpening import Sharpening
from keras_imgdesc.painting.layers.word_attention import WordAttention
from keras_imgdesc.painting.learning.augmentation import augment
from keras_imgdesc.painting.learning.conditional_gan import ConditionalGAN
from keras_imgdesc.painting.learning.conditional_vae import ConditionalVAE
from keras_imgdesc.painting.learning.contrast import Contrast
from keras_imgdesc.painting.learning.feature_distance import FeatureDistance
from keras_imgdesc.painting.learning.gan_objective import GanObjective
from keras_imgdesc.painting.learning.losses import (
    coarse_distance,
    detail,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    matching_cross_entropy,
    normal_divergence,
)
from keras_imgdesc.painting.learning.matcher_scores import MatcherScores
from keras_imgdesc.painting.learning.vae_objective import VaeObjective
from keras_imgdesc.painting.networks.discriminator import Discriminator
from keras_imgdesc.painting.networks.generator import Generator
from keras_imgdesc.painting.networks.projected_discriminator import (
    ProjectedDiscriminator,
)
from keras_imgdesc.painting.networks.vae_encoder import VaeEncoder
from keras_imgdesc.painting.pixels import to_pixels, to_uint8
from keras_imgdesc.painting.text_features import text_features
from keras_imgdesc.painting.text_to_image import TextToImage

__all__ = [
    "ConditionalBatchNormalization",
    "ConditionalGAN",
    "ConditionalVAE",
    "ConditioningAugmentation",
    "Contrast",
    "Discriminator",
    "FeatureDistance",
    "GanObjective",
    "Generator",
    "MatcherScores",
    "NoisePrior",
    "VaeEncoder",
    "ProjectedDiscriminator",
    "Sharpening",
    "TextToImage",
    "VaeObjective",
    "WordAttention",
    "augment",
    "coarse_distance",
    "detail",
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
    "matching_cross_entropy",
    "normal_divergence",
    "text_features",
    "to_pixels",
    "to_uint8",
]
