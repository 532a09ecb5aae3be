"""What a call was worth to the ear: the E-model (ITU-T G.107) of narrow-band calls.

Only delay, loss and the codec vary here; everything else keeps the defaults of table 2/G.107, for which the rating
without delay nor loss is 93.2.
"""

from math import cbrt, exp, log2, log10, sqrt

R_DEFAULT = 93.2
_TELR_DB = 65.0
_WEPL_DB = 110.0
_RO = 94.77
"""Basic signal-to-noise ratio with every default (G.107 7.2)."""
_ROE = 94.77
"""The same seen by the talker's echo: -1.5 (No - RLR), G.107 7.4."""
G711_BPL = 25.1
"""Packet-loss robustness of G.711 with concealment (G.113 appendix I, random loss)."""


def rating(delay_ms: float, loss: float, ie: float = 0.0, bpl: float = G711_BPL) -> float:
    """Return the transmission rating R, 0 to 100.

    Args:
        delay_ms: one way, mouth to ear.
        loss: share of packets lost, 0 to 1, at random.
        ie: equipment impairment of the codec (0 for G.711, 11 for G.729A...).
        bpl: its robustness to packet loss; 4.3 for G.711 without concealment.
    """
    percent = 100.0 * min(max(loss, 0.0), 1.0)
    ie_effective = ie + (95.0 - ie) * percent / (percent + bpl)
    r = R_DEFAULT - _delay_impairment(max(delay_ms, 0.0)) - ie_effective
    return min(max(r, 0.0), 100.0)


def mos(r: float) -> float:
    """Return the mean opinion score, 1 to 4.5, of rating ``r`` (G.107 annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def _delay_impairment(t_ms: float) -> float:
    """Id of G.107 7.4: talker echo, listener echo and sheer delay, less the little that is in ``R_DEFAULT``."""
    return _talker_echo(t_ms) + _listener_echo(t_ms) - _listener_echo(0.0) + _sheer_delay(t_ms)


def _talker_echo(t_ms: float) -> float:
    terv = _TELR_DB - 40 * log10((1 + t_ms / 10) / (1 + t_ms / 150)) + 6 * exp(-0.3 * t_ms**2)
    half = (_ROE - 80 - 2.5 * (terv - 14)) / 2
    return max(half + sqrt(half**2 + 100) - 1, 0.0) * (1 - exp(-t_ms))  # the recommendation's own may fall below zero


def _listener_echo(t_ms: float) -> float:
    half = (_RO - 10.5 * (_WEPL_DB + 7) / sqrt(sqrt(2 * t_ms + 1))) / 2
    return half + sqrt(half**2 + 169.0)


def _sheer_delay(t_ms: float) -> float:
    if t_ms <= 100:
        return 0.0
    x = log2(t_ms / 100)
    return 25 * (_sixth_root(1 + x**6) - 3 * _sixth_root(1 + (x / 3) ** 6) + 2)


def _sixth_root(value: float) -> float:
    return sqrt(cbrt(value))
