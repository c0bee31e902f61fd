"""Spectrum, residual and gain: the three curves of the page."""

from __future__ import annotations

from math import log10

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ndreport.explained.covariance import Whitening
from ndreport.explained.gain import gains, largest_gain
from ndreport.rendering.html import Html
from ndreport.rendering.prose import each, listing, scientific
from ndreport.rendering.svg import INK, LOOKS, WIDTH, render, style

SIZE = (WIDTH, 3.3)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FLAT = 0.8
"""A gain of more than this share of the largest possible one counts as limited by the iterations."""


def _power(value: float, _: int) -> str:
    """ "10⁻³": exponents as large as the font has them, which matplotlib's own formulas would shrink."""
    return f"10{str(round(log10(value))).translate(SUPERSCRIPTS)}"


def _powers(*places: Axis) -> None:
    """Powers of ten at the axes, and nothing between them."""
    for axis in places:
        axis.set_major_locator(LogLocator(numticks=6))
        axis.set_major_formatter(FuncFormatter(_power))
        axis.set_minor_formatter(NullFormatter())


def spectrum(whitenings: list[Whitening]) -> Html:
    """Eigenvalues of the covariance, largest first."""
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for one, (colour, marker, line) in zip(whitenings, LOOKS, strict=False):
            order = np.arange(1, len(one.eigenvalues) + 1)
            axes.semilogy(
                order, one.eigenvalues, color=colour, marker=marker, linestyle=line, markersize=4, label=one.name
            )
        _powers(axes.yaxis)
        axes.set(xlabel="direction, by its variance", ylabel="eigenvalue (variance)")
        axes.legend()
        names = [one.name for one in whitenings]
        spread = each(names, [one.condition for one in whitenings], lambda value: f"{value:,.0f}")
        alt = (
            f"Eigenvalues of the patch covariance on a logarithmic axis, falling from the first direction to the last. "
            f"Largest over smallest: {spread}."
        )
        caption = "Eigenvalues of the covariance of the patches, logarithmic axis. With exact whitening each is one."
        return render(figure, "spectrum", caption, alt)


def residual(whitenings: list[Whitening]) -> Html:
    """Residual against the number of iterations."""
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for one, (colour, marker, line) in zip(whitenings, LOOKS, strict=False):
            steps = np.arange(len(one.residuals))
            axes.semilogy(
                steps, one.residuals, color=colour, marker=marker, linestyle=line, markersize=4, label=one.name
            )
        default = whitenings[0].n_iter
        axes.axvline(default, color=INK, linewidth=1)
        axes.annotate(
            f"{default}, the default", (default, 1e-8), xytext=(4, 0), textcoords="offset points", va="center"
        )
        _powers(axes.yaxis)
        axes.set(xlabel="Newton–Schulz iterations", ylabel="residual", xticks=range(0, len(whitenings[0].residuals), 5))
        axes.legend(loc="lower left")
        names = [one.name for one in whitenings]
        at_default = each(names, [one.residuals[default] for one in whitenings], lambda value: f"{value:.2f}")
        at_end = each(names, [one.residuals[-1] for one in whitenings], scientific)
        alt = (
            f"Residual of the iteration on a logarithmic axis, falling slowly at first and steeply at the end: "
            f"{at_default} after {default}, {at_end} after {len(whitenings[0].residuals) - 1} iterations."
        )
        caption = "Residual ‖D²Σ − I‖ / √d (Frobenius norm) after every number of iterations, logarithmic axis."
        return render(figure, "residual", caption, alt)


def gain(whitenings: list[Whitening]) -> Html:
    """Gain of every direction after the default iterations, beside the exact gain and the largest possible one."""
    n_iter = whitenings[0].n_iter
    share = np.geomspace(min(one.eigenvalues[-1] / one.norm for one in whitenings) / 3, 1, 200)
    with style():
        figure = Figure(figsize=(WIDTH, 3.8))
        axes = figure.subplots()
        axes.loglog(share, share**-0.5, color=INK, linewidth=1, linestyle=":", label="exact root")
        axes.loglog(share, gains(share, 1, n_iter), color=INK, linewidth=1.2, label=f"{n_iter} iterations")
        cap = largest_gain(1, n_iter)
        axes.axhline(cap, color=INK, linewidth=1, linestyle="-.")
        axes.annotate(
            f"largest possible: {cap:.2f}", (share[0], cap), xytext=(0, -8), textcoords="offset points", va="top"
        )
        for one, (colour, marker, _) in zip(whitenings, LOOKS, strict=False):
            places = one.eigenvalues / one.norm
            axes.loglog(
                places,
                gains(places, 1, n_iter),
                color=colour,
                marker=marker,
                markersize=4,
                linestyle="",
                label=one.name,
            )
        _powers(axes.xaxis, axes.yaxis)
        axes.set(xlabel="eigenvalue / f", ylabel="gain · √f")
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
        flat = [int((gains(one.eigenvalues / one.norm, 1, n_iter) > FLAT * cap).sum()) for one in whitenings]
        alt = (
            f"Gain against eigenvalue, both logarithmic and scaled with f, the norm of the covariance. The exact root "
            f"rises as a straight line to {share[0] ** -0.5:.0f} at the left; {n_iter} iterations follow it for large "
            f"eigenvalues and level off below {cap:.2f}. More than {100 * FLAT:.0f} % of that are reached by "
            f"{listing(flat)} of the directions of {listing(one.name for one in whitenings)}."
        )
        caption = (
            "Which gain a direction gets, against its eigenvalue; both are scaled with f, the Frobenius norm of Σ, so "
            "that one curve serves both photographs. Markers: their directions."
        )
        return render(figure, "gain", caption, alt)
