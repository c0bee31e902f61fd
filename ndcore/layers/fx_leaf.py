"""What makes our layers one node of a traced graph, as the layers of `torch.nn` are for every `torch.fx.Tracer`."""

from __future__ import annotations

from typing import Any

from torch import fx, nn


class FxLeaf(nn.Module):
    """A module that tracing does not look into: the graph calls it as a whole, with its hooks.

    A tracer takes modules of `torch.nn` as leaves and looks into all others; ours decide by values and by how often
    they were called, which no graph can hold. A tracer that looks in all the same comes here, and gets the call.
    """

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        # before the hooks: they belong to the module, and run when the graph calls it
        for value in (*args, *kwargs.values()):
            if isinstance(value, fx.Proxy):
                return value.tracer.create_proxy("call_module", value.tracer.path_of_module(self), args, kwargs)
        return super()._call_impl(*args, **kwargs)
