"""Generation: words to pictures."""

from keras_imgdesc.generation.conditional_batch_normalization import (
    ConditionalBatchNormalization,
)
from keras_imgdesc.generation.conditional_gan import ConditionalGAN
from keras_imgdesc.generation.conditional_vae import ConditionalVAE, VaeObjective
from keras_imgdesc.generation.conditioning_augmentation import ConditioningAugmentation
from keras_imgdesc.generation.contrast import Contrast
from keras_imgdesc.generation.discriminator import Discriminator
from keras_imgdesc.generation.feature_distance import FeatureDistance
from keras_imgdesc.generation.gan_objective import GanObjective
from keras_imgdesc.generation.generator import Generator
from keras_imgdesc.generation.losses import (
    coarse_distance,
    detail,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    matching_cross_entropy,
    normal_divergence,
)
from keras_imgdesc.generation.matcher_scores import MatcherScores
from keras_imgdesc.generation.noise_prior import NoisePrior
from keras_imgdesc.generation.picture_changes import change_pictures
from keras_imgdesc.generation.picture_encoder import PictureEncoder
from keras_imgdesc.generation.pixels import to_pixels, to_uint8
from keras_imgdesc.generation.projected_discriminator import ProjectedDiscriminator
from keras_imgdesc.generation.sharpening import Sharpening
from keras_imgdesc.generation.text_features import text_features
from keras_imgdesc.generation.text_to_image import TextToImage
from keras_imgdesc.generation.word_attention import WordAttention

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
    "PictureEncoder",
    "ProjectedDiscriminator",
    "Sharpening",
    "TextToImage",
    "VaeObjective",
    "WordAttention",
    "change_pictures",
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
