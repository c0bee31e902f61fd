"""Models of the published code hold its own layers, under the names of those here."""

from __future__ import annotations

from torch import nn

from ndcore.errors import UserError
from ndcore.layers import ChannelDeconv, Delinear, FastDeconv

OWN = (FastDeconv, Delinear, ChannelDeconv)


def require_own_layers(model: nn.Module, what: str) -> None:
    """Refuse layers of the published code, and say how their weights come here.

    Raises:
        UserError: names the first one and the module of Python that it is from.
    """
    names = {kind.__name__ for kind in OWN}
    for name, module in model.named_modules():
        kind = type(module)
        if kind.__name__ in names and not isinstance(module, OWN):
            raise UserError(
                f"{name or 'the model'}: {kind.__name__} of {kind.__module__}, not of ndcore.layers; {what} what "
                "ndcore.models.load_original(name, norm, model.state_dict()) makes of a network of the published code; "
                f"in another model put ndcore.layers.{kind.__name__} in its place, which loads the same state dict"
            )
