"""What the training of a refinement makes small: parts of a loss, and their weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from .blocks.charbonnier import Charbonnier
from .blocks.discriminator import Discriminator
from .blocks.feature_loss import FeatureLoss
from .blocks.periodic_convolution import PeriodicConvolution
from .blocks.spectral_loss import SpectralLoss
from .surrogate import SurrogateError

__all__ = ["LossSettings"]


@dataclass(frozen=True)
class LossSettings:
    """Weights of the parts, all of what lacks in a coarse view, in units of its root mean square.

    Where a view tells all, all parts have the same least place. Where it does not, the mean square leads to
    the mean of what may be there, which is too smooth; `adversarial` to one of them, which is as rough as
    they are and, point by point, further off. Features here are those of a network that is drawn at random.

    Attributes:
        mse: mean square error.
        charbonnier: absolute errors, rounded off.
        spectral: squares of errors mode by mode, short waves first.
        feature: mean square error of features.
        adversarial: that a critic, who learns in turns with the network, tells the answer from a truth.
        scale: error at which `charbonnier` turns from a square to an absolute value.
        power: of 1 + the number of waves, by which `spectral` counts them.
        phases: share of the whole difference of two modes in `spectral`; the rest is that of their strengths.
        features: channels of each of the two layers whose outputs are features.
        critic: channels of the critic.
        critic_rate: its learning rate.
        penalty: on its slope where fields are true (R1).
        width: of the kernels of features and critic, odd.
    """

    mse: float = 1.0
    charbonnier: float = 0.0
    spectral: float = 0.0
    feature: float = 0.0
    adversarial: float = 0.0
    scale: float = 0.1
    power: float = 2.0
    phases: float = 1.0
    features: int = 32
    critic: int = 16
    critic_rate: float = 1e-3
    penalty: float = 1.0
    width: int = 9

    def __post_init__(self) -> None:
        weights = (self.mse, self.charbonnier, self.spectral, self.feature, self.adversarial)
        if min(weights) < 0 or not max(weights) > 0:
            raise SurrogateError(
                "the weights mse, charbonnier, spectral, feature and adversarial must be at least 0 and one "
                f"of them above 0, got {weights}"
            )
        if not self.scale > 0 or not self.critic_rate > 0 or self.penalty < 0 or not 0 <= self.phases <= 1:
            raise SurrogateError(
                "scale and critic_rate must be positive, penalty at least 0 and phases in [0, 1], got "
                f"{self.scale}, {self.critic_rate}, {self.penalty} and {self.phases}"
            )

        if min(self.features, self.critic) < 1 or self.width < 1 or self.width % 2 == 0:
            raise SurrogateError(
                "features and critic must be at least 1 and width odd, got "
                f"{self.features}, {self.critic} and {self.width}"
            )

    def parts(self, frames: int, dimensions: int) -> list[tuple[float, nn.Module]]:
        """(weight, loss of answer and truth) of each part that counts, the critic's apart."""
        found: list[tuple[float, nn.Module]] = []
        if self.mse:
            found.append((self.mse, nn.MSELoss()))
        if self.charbonnier:
            found.append((self.charbonnier, Charbonnier(scale=self.scale)))
        if self.spectral:
            loss = SpectralLoss(dimensions=dimensions, power=self.power, phases=self.phases)
            found.append((self.spectral, loss))
        if self.feature:
            drawn = nn.Sequential()
            for inputs in (frames, self.features):
                layer = PeriodicConvolution(
                    dimensions=dimensions, inputs=inputs, outputs=self.features, width=self.width
                )
                drawn.extend([layer, nn.SiLU()])
            found.append((self.feature, FeatureLoss(features=drawn, layers=(1, 3))))
        return found

    def new_critic(self, frames: int, dimensions: int) -> Discriminator:
        """Of what lacks, knowing what is shown."""
        return Discriminator(dimensions=dimensions, inputs=2 * frames, channels=self.critic, width=self.width)
